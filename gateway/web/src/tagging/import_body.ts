/** What the form of a new dataset holds, and the request that it makes. Pure. */

export interface Wanted {
  source: "upload" | "path" | "images";
  name: string;
  data: File | null;
  meta: File | null;
  data_path: string;
  meta_path: string;
  save_to: string;
  encoding: string;
  multiple: boolean;
  changes: string;
  seconds: string;
  q: string;
  /** Names with commas between. */
  tags: string;
}

const FIRST_CODE = 100;

export function bodyOf(wanted: Wanted): FormData | Record<string, unknown> {
  return wanted.source === "upload" ? formOf(wanted) : documentOf(wanted);
}

function formOf(wanted: Wanted): FormData {
  const form = new FormData();
  const fields = {
    name: wanted.name.trim(),
    encoding: wanted.encoding.trim(),
    save_to: wanted.save_to.trim(),
    multiple_selection: String(wanted.multiple),
    every_changes: wanted.changes,
    every_seconds: wanted.seconds,
  };
  for (const [name, value] of Object.entries(fields)) if (value) form.set(name, value);
  if (wanted.data) form.set("data", wanted.data);
  if (wanted.meta) form.set("meta", wanted.meta);
  return form;
}

function documentOf(wanted: Wanted): Record<string, unknown> {
  const autosave = {
    every_changes: wanted.changes ? Number(wanted.changes) : null,
    every_seconds: wanted.seconds ? Number(wanted.seconds) : null,
  };
  const both = {
    name: wanted.name.trim() || null,
    save_to: wanted.save_to.trim() || null,
    multiple_selection: wanted.multiple,
    autosave,
  };
  if (wanted.source === "images") return { ...both, images: { q: wanted.q.trim() }, tags: tagsOf(wanted.tags) };
  return {
    ...both,
    data_path: wanted.data_path.trim(),
    meta_path: wanted.meta_path.trim() || null,
    encoding: wanted.encoding.trim() || "utf-8",
  };
}

/** "people, animals" as tags with codes of their own, the first nine with number keys. */
export function tagsOf(text: string): { code: number; alias: string; key: string | null }[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()).filter(Boolean))];
  return names.map((alias, place) => ({ code: FIRST_CODE + place, alias, key: place < 9 ? String(place + 1) : null }));
}
