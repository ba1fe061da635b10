/** The operations that the service knows; asked for once. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { type Http, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { API, type Operation } from "./model";

let known: Promise<Operation[]> | null = null;

export function operations(http: Http): Promise<Operation[]> {
  known ??= http.get<{ items: Operation[] }>(`${API}/operations`).then(
    (list) => list.items,
    (error: unknown) => {
      known = null;
      throw error;
    },
  );
  return known;
}

export interface Catalogue {
  list: readonly Operation[] | null;
  why: string;
  retry(): void;
}

export function useCatalogue(): Catalogue {
  const { http } = useShell();
  const [list, setList] = useState<readonly Operation[] | null>(null);
  const [why, setWhy] = useState("");
  const load = useCallback(() => {
    setWhy("");
    operations(http).then(setList, (error: unknown) => setWhy(wordsOf(error)));
  }, [http]);
  useEffect(load, [load]);
  return { list, why, retry: load };
}
