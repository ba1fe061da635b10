/** A small picture that waits for its turn, and comes again where the first try failed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { pace } from "./pace";

const AGAIN_MS = 1500;
const ATTEMPTS = 3;

export function Thumb({ url, edge }: { url: string; edge: number }) {
  const [source, setSource] = useState<string | null>(pace.has(url) ? url : null);
  const [tried, setTried] = useState(0);
  const end = useRef<(arrived?: boolean) => void>(() => {});
  useEffect(() => {
    if (pace.has(url)) return setSource(url);
    setSource(null);
    if (tried >= ATTEMPTS) return;
    let done: (arrived?: boolean) => void = () => {};
    const timer = setTimeout(
      () => {
        done = end.current = pace.ask(url, () => setSource(url));
      },
      tried ? AGAIN_MS * tried : 0,
    );
    return () => {
      clearTimeout(timer);
      done();
    };
  }, [url, tried]);
  if (source === null || source !== url) return <span class={tried >= ATTEMPTS ? "im-picture im-broken" : "im-picture"} aria-hidden="true" />;
  return (
    <img
      class="im-picture"
      src={source}
      alt=""
      decoding="async"
      width={edge}
      height={edge}
      draggable={false}
      onLoad={() => end.current(true)}
      onError={() => {
        end.current();
        setTried(tried + 1);
      }}
    />
  );
}
