/** What the states and figures of cameras are called. */

import { moment } from "../common/format";
import type { Properties } from "./model";

const STATES: Record<string, string> = {
  online: "Online",
  never_seen: "Not asked yet",
  unknown: "Not asked yet",
  host_key_unknown: "Its key has to be confirmed",
  host_key_changed: "It shows another key than before",
  camera_refused: "It refuses connections",
  camera_unreachable: "It cannot be reached",
  camera_timeout: "It does not answer in time",
  camera_slow: "It answers too slowly",
  wrong_credentials: "The password or key is wrong",
  no_card: "There is no card in it",
  too_many_connects: "Asked too often; a moment",
};

/** A camera's state for people. */
export function stateWords(state: string): string {
  return STATES[state] ?? state.replaceAll("_", " ");
}

/** 95.4 is "1 min 35 s". */
export function seconds(value: number): string {
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return both(minutes, "min", whole % 60, "s");
  return both(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function both(large: number, unit: string, small: number, rest: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${rest}`;
}

/** How long ago something was, from its age in seconds. */
export function ago(age: number | null): string {
  if (age === null) return "never";
  return age < 5 ? "just now" : `${seconds(age)} ago`;
}

/** The clock of a camera's own time: "2026-11-20T13:05:00" is "13:05". */
export function clock(local: string | null): string {
  return local === null ? "" : local.slice(11, 16);
}

/** One line of a clip's properties. */
export function shortly(properties: Properties): string {
  if (properties.state === "broken") return "broken";
  const said = [
    properties.width !== null && properties.height !== null ? `${properties.width}×${properties.height}` : "",
    properties.fps !== null ? `${round(properties.fps)} fps` : "",
    properties.duration !== null ? seconds(properties.duration) : "",
    properties.state === "truncated" ? "cut off" : "",
  ];
  return said.filter(Boolean).join(" · ");
}

export function round(value: number): string {
  return value.toFixed(value >= 100 ? 0 : 1).replace(/\.0$/, "");
}

/** Name and value of everything that is known of a clip. */
export function facts(properties: Properties): [string, string][] {
  const all: [string, string | null][] = [
    ["Codec", properties.codec && [properties.codec.toUpperCase(), properties.profile].filter(Boolean).join(", ")],
    ["Resolution", properties.width === null ? null : `${properties.width} × ${properties.height}`],
    ["Frame rate", properties.fps === null ? null : `${round(properties.fps)} fps`],
    ["Frames", properties.frames === null ? null : String(properties.frames)],
    ["Duration", properties.duration === null ? null : seconds(properties.duration)],
    ["Bitrate", properties.kbps === null ? null : `${round(properties.kbps)} kbit/s`],
    ["Made", properties.created_at && moment(properties.created_at)],
    ["State", properties.state === "whole" ? null : `${properties.state}: ${properties.detail}`],
  ];
  return all.filter((one): one is [string, string] => Boolean(one[1]));
}
