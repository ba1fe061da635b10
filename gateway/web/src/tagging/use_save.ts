/** Saving: first all labels arrive, then the CSV is written. Where someone else changed it, the person says what to do. */

import { useState } from "preact/hooks";
import { Refusal } from "../common/http";
import { useShell } from "../common/shell";
import { DATASETS } from "./model";
import type { Work } from "./work";

export interface Choice {
  on_conflict?: "merge" | "replace" | "elsewhere";
  save_to?: string;
}

interface Saved {
  revision: number;
  csv_path: string;
  saved_at: string;
  unmatched: number[];
}

export interface Saving {
  busy: boolean;
  /** Someone else changed the CSV: in the service's words; empty where not. */
  conflict: string;
  save(choice?: Choice): Promise<void>;
  later(): void;
}

export function useSave(work: Work): Saving {
  const { say, failed } = useShell();
  const [busy, setBusy] = useState(false);
  const [conflict, setConflict] = useState("");
  const save = async (choice: Choice = {}) => {
    setBusy(true);
    try {
      await work.outbox.flushed(work.id);
      const saved = await work.http.json<Saved>("POST", `${DATASETS}/${work.id}/save`, choice);
      setConflict("");
      work.dataset.update((now) => ({
        ...now,
        saved_revision: Math.max(now.saved_revision, saved.revision),
        saved_at: saved.saved_at,
        csv_path: saved.csv_path,
        conflict: false,
      }));
      const left = saved.unmatched?.length ? ` ${saved.unmatched.length} of our rows are not in their file.` : "";
      say(`Saved: ${saved.csv_path}.${left}`);
    } catch (error) {
      if (error instanceof Refusal && error.code === "csv_changed") setConflict(error.message);
      else failed(error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, conflict, save, later: () => setConflict("") };
}
