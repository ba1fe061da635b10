/** The wire shapes of the tagging service that the page uses (shared/contracts/tagging.py). */

export interface Tag {
  code: number;
  alias: string;
  key: string | null;
}

export interface Autosave {
  every_changes: number | null;
  every_seconds: number | null;
}

export interface Dataset {
  id: number;
  name: string;
  state: "importing" | "ready" | "failed";
  source: "csv" | "imagestore";
  tags: Tag[];
  cameras: string[];
  rows: number;
  clips: number;
  counts: Record<string, number>;
  progress: { tagged: number; total: number };
  multiple_selection: boolean;
  autosave: Autosave;
  revision: number;
  saved_revision: number;
  csv_path: string;
  saved_at: string | null;
  conflict: boolean;
  created_by: string;
  created_at: string;
  job: number | null;
}

export interface Row {
  index: number;
  file_path: string;
  clip: string | null;
  camera: string | null;
  tags: Record<string, boolean>;
  version: number;
}

export interface Clip {
  index: number;
  name: string | null;
  begin: number;
  end: number;
  cameras: number;
}

export interface FrameOfRows {
  clip: string | null;
  clip_index: number;
  frame: number;
  rows: Row[];
}

/** What to do with tags: `set` to true or false, `clear` all before it. */
export interface Change {
  set: Record<string, boolean>;
  clear?: boolean;
}

/** First and last row of each run, both included. */
export type Runs = readonly (readonly [number, number])[];

export interface HistoryEntry {
  id: number;
  kind: "tag" | "undo" | "redo";
  by: string;
  at: string;
  first_row: number;
  last_row: number;
  rows: number;
  tags: Record<string, { true: number; false: number }>;
  undone: boolean;
}

export const DATASETS = "/api/tagging/v1/datasets";

export function imagePath(dataset: number, row: number, edge = 0): string {
  return `${DATASETS}/${dataset}/rows/${row}/image${edge ? `?edge=${edge}` : ""}`;
}
