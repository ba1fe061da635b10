/** What can be done with all that is selected. */

import { useState } from "preact/hooks";
import type { Api } from "./api";
import { download } from "../common/download";
import { count } from "../common/format";
import type { Change } from "./gallery";

interface Props {
  api: Api;
  names: string[];
  change(change: Change): void;
  share(names: string[]): void;
  remove(names: string[]): Promise<void>;
  failed(error: unknown): void;
}

export function Selection({ api, names, change, share, remove, failed }: Props) {
  const [busy, setBusy] = useState(false);
  const [tag, setTag] = useState("");
  const during = async (work: () => Promise<void>) => {
    setBusy(true);
    await work().catch(failed);
    setBusy(false);
  };
  const label = async () => {
    for (const name of names) change({ kind: "image", image: await api.addTags(name, [tag.trim()]) });
    setTag("");
  };
  return (
    <section class="selection" aria-label="Selection">
      <strong role="status">{count(names.length, "image")} selected</strong>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void during(label);
        }}
      >
        <input
          aria-label="Tag for the selected images"
          placeholder="Tag"
          required
          maxLength={100}
          value={tag}
          onInput={(event) => setTag(event.currentTarget.value)}
        />
        <button disabled={busy}>Add tag</button>
      </form>
      <button disabled={busy} onClick={() => void during(async () => download(await api.archive(names), "images.zip"))}>
        {busy ? "Working …" : "Download ZIP"}
      </button>
      <button onClick={() => share(names)}>Share</button>
      <button class="danger" disabled={busy} onClick={() => void during(() => remove(names))}>
        Delete
      </button>
      <button class="plain" onClick={() => change({ kind: "clear" })}>
        Clear
      </button>
    </section>
  );
}
