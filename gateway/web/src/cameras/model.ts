/** The SD-card service's answers, as far as the page shows them. */

export interface CardState {
  size: number;
  used: number;
  available: number;
}

export interface HostKey {
  state: "unknown" | "accepted" | "changed" | "never_seen";
  accepted: string | null;
  offered: string | null;
}

export interface Camera {
  id: string;
  name: string;
  host: string;
  port: number;
  user: string;
  model: string;
  host_key: HostKey;
  state: string;
  detail: string;
  checked_at: string | null;
  card: CardState | null;
  refreshed_at: string | null;
  refreshing: boolean;
  dates: number;
  clips: number;
  clip_bytes: number;
}

export interface CardDate {
  date: string;
  hours: number;
  clips: number;
  others: number;
  size: number;
}

export interface CardHour {
  hour: number;
  clips: number;
  others: number;
  size: number;
  scanned: number;
}

export interface Listing<T> {
  refreshed_at: string | null;
  age_seconds: number | null;
  refreshing: boolean;
  state: string;
  detail: string;
  items: T[];
}

export interface Properties {
  state: "whole" | "truncated" | "broken";
  detail: string;
  codec: string | null;
  profile: string | null;
  duration: number | null;
  kbps: number | null;
  fps: number | null;
  width: number | null;
  height: number | null;
  frames: number | null;
  created_at: string | null;
  playable: boolean;
}

export interface Clip {
  id: string;
  name: string;
  date: string;
  hour: number;
  kind: "clip" | "other";
  start_local: string | null;
  size: number;
  properties: Properties | null;
}

export interface UsageItem {
  start_local: string;
  clips: number;
  size: number;
}

export interface QualityItem {
  start_local: string;
  clips: number;
  read: number;
  mean_duration: number | null;
  mean_kbps: number | null;
  mean_fps: number | null;
  resolutions: { resolution: string; clips: number }[];
  frame_mode: string | null;
  recording_mode: string | null;
}

export interface Gap {
  start_local: string;
  end_local: string;
  seconds: number;
  recording_mode: string | null;
}

export interface Quality extends Listing<QualityItem> {
  gaps: Gap[];
  unread: number;
}

const ROOT = "/api/sdcard/v1/cameras";

/** The path of a camera's calls. */
export function cameraUrl(id: string, ...more: string[]): string {
  return [ROOT, ...[id, ...more].map((part) => encodeURIComponent(part))].join("/");
}

/** A clip with a picture to be had: read, not broken, and with an index, which one that is still being written has not. */
export function hasPicture(clip: Clip): boolean {
  const found = clip.properties;
  return clip.kind === "clip" && found !== null && found.state !== "broken" && found.width !== null;
}
