/** Which key does what while tagging. Actions can be given other keys in this browser; tags have theirs in the dataset. */

import { shownKey } from "../common/keys";
import type { Tag } from "./model";

export const ACTIONS = {
  next: { title: "Next frame", keys: ["arrowright", "space"] },
  previous: { title: "Previous frame", keys: ["arrowleft", "backspace"] },
  forward: { title: "10 frames on", keys: ["arrowup", "pageup"] },
  back: { title: "10 frames back", keys: ["arrowdown", "pagedown"] },
  first: { title: "First frame", keys: ["home"] },
  last: { title: "Last frame", keys: ["end"] },
  untagged: { title: "Next untagged", keys: ["n"] },
  none: { title: "No tag", keys: ["f"] },
  undo: { title: "Undo", keys: ["ctrl+z", "u"] },
  redo: { title: "Redo", keys: ["ctrl+shift+z", "ctrl+y"] },
  save: { title: "Save the CSV", keys: ["s", "ctrl+s"] },
  camera: { title: "Label the next camera alone", keys: ["c"] },
  all: { title: "Label all cameras", keys: ["a", "escape"] },
  fit: { title: "Fit the pictures", keys: ["x"] },
  rotate: { title: "Rotate", keys: ["r"] },
  zoom_in: { title: "Zoom in", keys: ["+", "="] },
  zoom_out: { title: "Zoom out", keys: ["-"] },
  jump: { title: "Jump to a frame", keys: ["j"] },
  grid: { title: "Grid or single frame", keys: ["g"] },
} as const;

export type Action = keyof typeof ACTIONS;

/** What a person has chosen: the keys of an action, where they differ. */
export type Choices = Partial<Record<Action, string[]>>;

export function keysOf(action: Action, choices: Choices): readonly string[] {
  return choices[action] ?? ACTIONS[action].keys;
}

/** Where a key is wanted twice, in words. A tag's key goes before an action's. */
export function conflicts(tags: readonly Tag[], choices: Choices): string[] {
  const holders = new Map<string, string[]>();
  for (const tag of tags) if (tag.key) push(holders, tag.key.toLowerCase(), tag.alias);
  for (const action of Object.keys(ACTIONS) as Action[]) {
    for (const key of keysOf(action, choices)) push(holders, key, ACTIONS[action].title);
  }
  return [...holders]
    .filter(([, names]) => names.length > 1)
    .map(([key, names]) => `${shownKey(key)} is wanted by ${names.join(" and ")}; ${names[0]} has it`);
}

function push(map: Map<string, string[]>, key: string, name: string): void {
  map.set(key, [...(map.get(key) ?? []), name]);
}
