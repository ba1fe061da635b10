/** Keys: how they are named, who listens, and what `?` shows of them. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { Store } from "./store";

/** A key and what it does. `key` is named as in keyName; several do the same. */
export interface Binding {
  keys: readonly string[];
  title: string;
  group?: string;
  run?(event: KeyboardEvent): void;
  /** Also while a dialog is open or a field is being typed into. */
  always?: boolean;
}

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** "1", "f", "arrowleft", "ctrl+z", "ctrl+shift+z", "?": shift counts only where the character does not tell it. */
export function keyName(event: Pressed): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  const shift = event.shiftKey && (key.length > 1 || modified);
  return [event.ctrlKey || event.metaKey ? "ctrl" : "", event.altKey ? "alt" : "", shift ? "shift" : "", key]
    .filter(Boolean)
    .join("+");
}

const NAMES: Record<string, string> = {
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  ctrl: "Ctrl",
  shift: "⇧",
  alt: "Alt",
  space: "Space",
  escape: "Esc",
  pageup: "Page up",
  pagedown: "Page down",
  backspace: "⌫",
  delete: "Del",
};

/** For people: "ctrl+z" is "Ctrl Z". */
export function shownKey(name: string): string {
  return (name === "+" ? ["+"] : name.split(/\+(?=.)/)).map((part) => NAMES[part] ?? capital(part)).join(" ");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** All that listens now; the newest first, so that what lies on top gets a key before what lies below. */
export const bound = new Store<readonly { current: readonly Binding[] }[]>([]);

/** Listens for keys while the component is shown; `?` lists them. */
export function useKeys(bindings: readonly Binding[]): void {
  const held = useRef(bindings);
  held.current = bindings;
  // Before it is seen: who sees it may press them.
  useLayoutEffect(() => {
    bound.update((list) => [held, ...list]);
    return () => bound.update((list) => list.filter((one) => one !== held));
  }, []);
}

/** Runs what a key is bound to. */
export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const name = keyName(event);
  const busy = isBusy(event);
  for (const { current } of bound.get()) {
    const found = current.find((one) => one.run && one.keys.includes(name) && (one.always || !busy));
    if (!found) continue;
    event.preventDefault();
    found.run?.(event);
    return;
  }
}

/** Whether the key belongs to a field, a dialog or a menu. */
function isBusy(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (document.querySelector("dialog[open]")) return true;
  if (target?.closest("input:not([type=checkbox], [type=range]), select, textarea, [contenteditable], [role=menu]")) return true;
  // A button takes Space and Enter, a slider the arrows, for itself.
  if (target?.closest("button, a, summary") && (event.key === " " || event.key === "Enter")) return true;
  return Boolean(target?.closest("input[type=range]") && event.key.startsWith("Arrow"));
}
