/** A new dataset: from files of this computer, from files on Darkroom's machine, or from the image store. */

import { useState } from "preact/hooks";
import { Refusal, wordsOf } from "../common/http";
import { go } from "../common/router";
import { useShell } from "../common/shell";
import { type Wanted, bodyOf } from "./import_body";
import { DATASETS, type Dataset } from "./model";
import { AutosaveFields } from "./settings_dialog";

type Source = Wanted["source"];

const SOURCES: Record<Source, string> = {
  upload: "Files of this computer",
  path: "Files on Darkroom's machine",
  images: "The image store",
};

const START: Wanted = {
  source: "upload", name: "", data: null, meta: null, data_path: "", meta_path: "", save_to: "",
  encoding: "utf-8", multiple: false, changes: "", seconds: "", q: "", tags: "",
};

export function ImportPage() {
  const { http, services } = useShell();
  const [wanted, setWanted] = useState(START);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(null);
  const set = (part: Partial<Wanted>) => setWanted((now) => ({ ...now, ...part }));
  const sources = (Object.keys(SOURCES) as Source[]).filter((one) => one !== "images" || services.has("imagestore"));
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWhy(null);
    try {
      const made = await http.json<Dataset>("POST", DATASETS, bodyOf(wanted), { headers: { "Idempotency-Key": fresh() } });
      go(made.state === "ready" ? `#/tagging/${made.id}` : "#/tagging");
    } catch (error) {
      setWhy(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="sheet tg-import" onSubmit={submit}>
      <h1>New dataset</h1>
      <fieldset class="tg-sources">
        <legend>From</legend>
        {sources.map((source) => (
          <label key={source}>
            <input type="radio" name="source" checked={wanted.source === source} onChange={() => set({ source })} />
            {SOURCES[source]}
          </label>
        ))}
      </fieldset>
      {wanted.source === "upload" && <UploadFields set={set} />}
      {wanted.source === "path" && <PathFields wanted={wanted} set={set} />}
      {wanted.source === "images" && <ImageFields wanted={wanted} set={set} />}
      <label class="stack">
        Name {wanted.source !== "images" && <span class="quiet">the file's, if left empty</span>}
        <input maxLength={200} required={wanted.source === "images"} value={wanted.name} onInput={(event) => set({ name: event.currentTarget.value })} />
      </label>
      <label class="row">
        <input type="checkbox" checked={wanted.multiple} onChange={(event) => set({ multiple: event.currentTarget.checked })} />A picture may carry several tags
      </label>
      <details>
        <summary>Saving and encoding</summary>
        <div class="stack">
          <AutosaveFields changes={wanted.changes} seconds={wanted.seconds} setChanges={(changes) => set({ changes })} setSeconds={(seconds) => set({ seconds })} />
          <label class="stack">
            Save to <span class="quiet">a folder on Darkroom's machine{wanted.source === "path" && ", or same_file"}; if left empty, Darkroom's own</span>
            <input value={wanted.save_to} onInput={(event) => set({ save_to: event.currentTarget.value })} />
          </label>
          {wanted.source !== "images" && (
            <label class="stack">
              Encoding of the CSV
              <input value={wanted.encoding} onInput={(event) => set({ encoding: event.currentTarget.value })} />
            </label>
          )}
        </div>
      </details>
      {why !== null && <Why error={why} />}
      <div class="row">
        <button class="primary" disabled={busy}>
          {busy ? "Importing …" : "Make the dataset"}
        </button>
        <a class="button" href="#/tagging">
          Cancel
        </a>
      </div>
    </form>
  );
}

type Set = (part: Partial<Wanted>) => void;

function UploadFields({ set }: { set: Set }) {
  return (
    <>
      <label class="stack">
        Data CSV <span class="quiet">with the columns file_path and tag_code_…; its pictures lie on Darkroom's machine</span>
        <input type="file" accept=".csv,text/csv" required onChange={(event) => set({ data: event.currentTarget.files?.[0] ?? null })} />
      </label>
      <label class="stack">
        Metadata CSV <span class="quiet">optional: code and alias, the names of the tags</span>
        <input type="file" accept=".csv,text/csv" onChange={(event) => set({ meta: event.currentTarget.files?.[0] ?? null })} />
      </label>
    </>
  );
}

function PathFields({ wanted, set }: { wanted: Wanted; set: Set }) {
  return (
    <>
      <label class="stack">
        Path of the data CSV <span class="quiet">below the folders that Darkroom may read</span>
        <input required value={wanted.data_path} placeholder="drives/monday.csv" onInput={(event) => set({ data_path: event.currentTarget.value })} />
      </label>
      <label class="stack">
        Path of the metadata CSV <span class="quiet">optional</span>
        <input value={wanted.meta_path} onInput={(event) => set({ meta_path: event.currentTarget.value })} />
      </label>
    </>
  );
}

function ImageFields({ wanted, set }: { wanted: Wanted; set: Set }) {
  return (
    <>
      <label class="stack">
        Images whose name or tag has <span class="quiet">all, if left empty</span>
        <input value={wanted.q} onInput={(event) => set({ q: event.currentTarget.value })} />
      </label>
      <label class="stack">
        Tags to give <span class="quiet">with commas between: people, animals, outdoors</span>
        <input required value={wanted.tags} onInput={(event) => set({ tags: event.currentTarget.value })} />
      </label>
    </>
  );
}

/** What is wrong with the file, with the first rows where it is. */
function Why({ error }: { error: unknown }) {
  const problem = error instanceof Refusal ? error.problem : {};
  const rows = Array.isArray(problem["rows"]) ? (problem["rows"] as number[]) : [];
  return (
    <div class="card tg-why" role="alert">
      <strong>{problem.title ?? "This did not work"}</strong>
      <p>{wordsOf(error)}</p>
      {rows.length > 0 && (
        <p>
          Rows {rows.join(", ")}
          {Number(problem["row_count"]) > rows.length && ` and ${Number(problem["row_count"]) - rows.length} more`}, counted from 1 below the header.
        </p>
      )}
      <p class="quiet">Nothing has been imported.</p>
    </div>
  );
}

function fresh(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("");
}
