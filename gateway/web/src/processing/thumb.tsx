import { useEffect, useState } from "preact/hooks";
import { thumbOf } from "./thumbs";

/** A small picture; its place is kept while it is made. */
export function Thumb({ id, load, kind = "" }: { id: string; load(): Promise<Blob>; kind?: string }) {
  const [url, setUrl] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    let shown = true;
    setUrl(undefined);
    thumbOf(id, load).then(
      (made) => shown && setUrl(made),
      () => shown && setUrl(null),
    );
    return () => {
      shown = false;
    };
  }, [id]);
  return (
    <span class={`proc-thumb ${kind}`}>
      {url ? <img src={url} alt="" draggable={false} decoding="async" /> : <span class="quiet">{url === null ? (kind === "square" ? "?" : "no picture") : ""}</span>}
    </span>
  );
}
