/** Every content that the name has had, and the way back to each. */

import { useEffect, useState } from "preact/hooks";
import { bytes, moment } from "../common/format";
import { wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { contentPath, renditionPath } from "./api";
import type { ImageVersion } from "./model";
import { Thumb } from "./thumb";
import type { ViewerProps } from "./viewer";

const EDGE = 120;

export function Versions({ api, opened, changed, mayWrite }: ViewerProps & { mayWrite: boolean }) {
  const { say, failed } = useShell();
  const { image } = opened;
  const [open, setOpen] = useState(false);
  const [versions, setVersions] = useState<readonly ImageVersion[]>([]);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  useEffect(() => {
    if (!open) return;
    const mine = new AbortController();
    api.versions(image.name, mine.signal).then(setVersions, (error: unknown) => !mine.signal.aborted && setWhy(wordsOf(error)));
    return () => mine.abort();
  }, [open, image.version]);
  if (image.version === 1) return null;
  const restore = async (version: ImageVersion) => {
    setBusy(true);
    try {
      changed(await api.storeAgain(image.name, version));
      say(`Version ${version.version} is the present one again`);
    } catch (error) {
      failed(error);
    }
    setBusy(false);
  };
  return (
    <details class="im-fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{image.version} versions</summary>
      {why && <p class="wrong">{why}</p>}
      <ul class="im-versions">
        {versions.map((version) => {
          const present = version.version === image.version;
          const content = { ...version, name: image.name };
          return (
            <li key={version.version}>
              <a href={contentPath(content)} target="_blank" rel="noreferrer" aria-label={`Open version ${version.version}`}>
                <Thumb url={renditionPath(content, EDGE, "cover")} edge={EDGE} />
              </a>
              <div>
                <strong>Version {version.version}</strong>
                {present && <span class="quiet"> present</span>}
                <p class="quiet">
                  {moment(version.created_at)}
                  <br />
                  {version.width} × {version.height}, {bytes(version.size)}
                </p>
                {!present && mayWrite && (
                  <button disabled={busy} onClick={() => void restore(version)}>
                    Restore
                  </button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
