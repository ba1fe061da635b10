/** Who signs in or out does so in all tabs of the browser at once, which share the cookie: the others are told. */

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("darkroom.session");

export function tellOtherTabs(): void {
  channel?.postMessage("changed");
}

/** Calls back after each change in another tab; returns the way to stop that. */
export function onOtherTab(changed: () => void): () => void {
  channel?.addEventListener("message", changed);
  return () => channel?.removeEventListener("message", changed);
}
