/** Prepares a job: images at the left, what becomes of one in the middle, the pipeline at the right. */

import { useState } from "preact/hooks";
import { bytes } from "../common/format";
import { useShell } from "../common/shell";
import { Empty } from "../common/states";
import { useStore } from "../common/store";
import { Compare } from "./compare";
import { draft, fromFile, pipelineOf, withSources } from "./draft";
import { useFiles } from "./files";
import { Head } from "./head";
import { AddImages, ImagesPanel } from "./images_panel";
import type { Operation } from "./model";
import { PipelinePanel } from "./pipeline_panel";
import { EDGE, usePreview } from "./preview";
import { SubmitBar } from "./submit_bar";

export function addFiles(files: readonly File[]): void {
  if (files.length) draft.update((now) => withSources(now, files.map(fromFile)));
}

export function NewPage({ operations }: { operations: readonly Operation[] }) {
  const { session } = useShell();
  const now = useStore(draft);
  const over = useFiles(addFiles);
  const empty = now.sources.length === 0;
  return (
    <div class={over ? "proc dropping-images" : "proc"}>
      <Head at="new">{session.scopes.includes("write") && <SubmitBar />}</Head>
      <div class={empty ? "proc-bench empty" : "proc-bench"}>
        {!empty && <ImagesPanel />}
        {empty ? <Beginning /> : <PreviewPanel />}
        <PipelinePanel operations={operations} />
      </div>
    </div>
  );
}

function Beginning() {
  return (
    <section class="proc-beginning" aria-label="Images">
      <Empty title="Drop images here">
        <p class="quiet">
          Files or whole folders, anywhere on this page; or paste one. Then choose what is to be done with them, see it on one of them, and
          let it be done with all.
        </p>
        <div class="row">
          <AddImages />
        </div>
      </Empty>
    </section>
  );
}

function PreviewPanel() {
  const now = useStore(draft);
  const [whole, setWhole] = useState(false);
  const shown = now.sources.find((one) => one.id === now.shown) ?? null;
  const preview = usePreview(shown, pipelineOf(now, now.shown), whole);
  if (!shown) return <section class="proc-preview" />;
  return (
    <section class="proc-preview" aria-label="Preview">
      <div class="proc-preview-name">
        <h2 title={shown.name}>{shown.name}</h2>
        {shown.size > 0 && <span class="quiet">{bytes(shown.size)}</span>}
      </div>
      {preview.error && (
        <p role="alert" class="wrong">
          {preview.error}
        </p>
      )}
      <Compare id={shown.key} name={shown.name} before={preview.before} after={preview.after} busy={preview.busy} />
      <label class="row quiet">
        <input type="checkbox" checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} />
        <span>
          Preview in full size. {!whole && `Now it is made on a copy of at most ${EDGE} pixels: quicker, and kernels look larger than they will.`}
        </span>
      </label>
    </section>
  );
}
