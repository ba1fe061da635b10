/** The keys of the desk. A tag's key goes before an action's. */

import type { Binding } from "../common/keys";
import { ACTIONS, type Action, type Choices, keysOf } from "./keymap";
import type { Tag } from "./model";

/** In the grid, arrows move among the tiles and Space selects: these are the grid's own. */
const NOT_IN_GRID: readonly Action[] = [
  "next", "previous", "forward", "back", "first", "last", "camera", "fit", "rotate", "zoom_in", "zoom_out", "jump", "untagged",
];
const WORDS_IN_GRID: Partial<Record<Action, string>> = { all: "Select nothing", none: "Take all tags off the selection" };

export function bindings(
  tags: readonly Tag[],
  choices: Choices,
  press: (code: string) => void,
  actions: Record<Action, () => void>,
  isGrid: boolean,
): Binding[] {
  const ofTags = tags
    .filter((tag) => tag.key)
    .map((tag): Binding => ({ keys: [(tag.key ?? "").toLowerCase()], title: tag.alias, group: "Tags", run: () => press(String(tag.code)) }));
  const ofActions = (Object.keys(ACTIONS) as Action[])
    .filter((action) => !isGrid || !NOT_IN_GRID.includes(action))
    .map((action): Binding => ({
      keys: keysOf(action, choices),
      title: (isGrid && WORDS_IN_GRID[action]) || ACTIONS[action].title,
      group: action === "none" ? "Tags" : "Tagging",
      run: actions[action],
    }));
  return [...ofTags, ...ofActions];
}
