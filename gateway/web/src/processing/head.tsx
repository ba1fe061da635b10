/** What is at the top of each page of the workbench: the way among them, and what can be done here. */

import type { ComponentChildren } from "preact";

export function Head({ at, children }: { at: "new" | "jobs" | "job"; children?: ComponentChildren }) {
  return (
    <div class="toolbar proc-head">
      <nav class="proc-segments" aria-label="Processing">
        <a class="button" href="#/processing" aria-current={at === "new" ? "page" : undefined}>
          Prepare
        </a>
        <a class="button" href="#/processing/jobs" aria-current={at === "jobs" ? "page" : at === "job" ? "true" : undefined}>
          Jobs
        </a>
      </nav>
      {children}
    </div>
  );
}
