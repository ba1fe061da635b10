/** Files that are dropped or pasted anywhere on the page. */

import { useEffect, useRef, useState } from "preact/hooks";

export interface FileTaker<T> {
  dropped(given: DataTransfer | null): Promise<T>;
  pasted(files: File[]): T;
  take(found: T): void;
}

/** Takes what was dropped or pasted, once it has been read; true while files are held over the page. */
export function useGivenFiles<T>(taker: FileTaker<T>): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(taker);
  latest.current = taker;
  useEffect(() => {
    const end = new AbortController();
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const listen = (type: "dragover" | "dragleave" | "drop", handle: (event: DragEvent) => void) =>
      document.addEventListener(type, (event) => carries(event) && handle(event), { signal: end.signal });
    listen("dragover", (event) => {
      event.preventDefault();
      setOver(true);
    });
    listen("dragleave", (event) => event.relatedTarget === null && setOver(false));
    listen("drop", (event) => {
      event.preventDefault();
      setOver(false);
      void latest.current.dropped(event.dataTransfer).then((found) => latest.current.take(found));
    });
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      latest.current.take(latest.current.pasted(files));
    };
    document.addEventListener("paste", paste, { signal: end.signal });
    return () => end.abort();
  }, []);
  return over;
}
