/** What is shown where there is nothing to show: loading, empty, failed. */

import type { ComponentChildren } from "preact";

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <div class="state" role="status">
      <span class="spinner" aria-hidden="true" />
      <p class="quiet">{what} …</p>
    </div>
  );
}

/** Nothing yet, and how to begin. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What went wrong, what to do, and a way to try it again. */
export function Failed({ why, retry, children }: { why: string; retry?: () => void; children?: ComponentChildren }) {
  return (
    <div class="state" role="alert">
      <h2>This did not work</h2>
      <p>{why}</p>
      {children}
      {retry && <button onClick={retry}>Try again</button>}
    </div>
  );
}
