/** The page's colours, for what is drawn on a canvas. */

/** The custom properties as they look in an element. */
export function coloursOf<Name extends string>(here: HTMLElement, ...names: Name[]): Record<Name, string> {
  const found = names.map((name) => {
    here.style.color = `var(--${name})`;
    return [name, getComputedStyle(here).color] as const;
  });
  here.style.color = "";
  return Object.fromEntries(found) as Record<Name, string>;
}

/** Calls back when they are others: chosen in the page, or by the system. Returns the way to stop that. */
export function onColours(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(changed);
  system.addEventListener("change", changed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", changed);
    chosen.disconnect();
  };
}
