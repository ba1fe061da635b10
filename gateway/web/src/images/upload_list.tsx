/** What is being sent, and what became of it. */

import { count } from "../common/format";
import { useStore } from "../common/store";
import { type Upload, hasEnded, shareDone } from "./upload";
import { forgetLost, list, lost, uploads, wordsOfLost } from "./upload_hold";

const SHOWN = 60;

export function UploadList() {
  const all = useStore(list);
  const unsent = useStore(lost);
  if (!all.length && !unsent) return null;
  return (
    <section class="im-uploads" aria-label="Uploads">
      {unsent > 0 && (
        <div class="im-lost">
          <p>{wordsOfLost(unsent)}</p>
          <button class="plain icon" aria-label="Close this note" onClick={forgetLost}>
            ✕
          </button>
        </div>
      )}
      {all.length > 0 && <Files all={all} />}
    </section>
  );
}

function Files({ all }: { all: readonly Upload[] }) {
  const ended = all.filter(hasEnded).length;
  const failed = all.filter((upload) => upload.state === "failed").length;
  const busy = ended < all.length;
  const paused = busy && all.some((upload) => upload.state === "paused");
  // What somebody waits for, or has to do something about, comes first.
  const order = { sending: 0, paused: 1, failed: 2, waiting: 3, done: 4 } as const;
  const shown = all.toSorted((a, b) => order[a.state] - order[b.state]).slice(0, SHOWN);
  return (
    <>
      <header>
        <strong role="status">
          {busy ? `Uploading ${ended + 1} of ${all.length}` : `${count(all.length - failed, "file")} uploaded`}
          {failed > 0 && `, ${failed} failed`}
        </strong>
        {busy ? (
          <button class="plain" onClick={() => uploads.cancel()}>
            Stop
          </button>
        ) : (
          <button class="plain" onClick={() => uploads.clear()}>
            Close
          </button>
        )}
      </header>
      {busy && <progress class="im-whole" value={shareDone(all)} aria-label="All uploads" />}
      {paused && (
        <p class="im-paused" role="status">
          The line is down. It goes on by itself.
        </p>
      )}
      <ul tabIndex={0} aria-label="Files">
        {shown.map((upload) => (
          <Row key={upload.id} upload={upload} />
        ))}
        {all.length > shown.length && <li class="quiet">and {all.length - shown.length} more</li>}
      </ul>
      {failed > 0 && (
        <footer>
          <button onClick={() => uploads.retry()}>Try the failed again</button>
        </footer>
      )}
    </>
  );
}

function Row({ upload }: { upload: Upload }) {
  return (
    <li class={upload.state}>
      <span class="im-name" title={upload.name}>
        {upload.name}
      </span>
      {upload.state === "sending" ? (
        <progress value={upload.progress} aria-label={`Upload of ${upload.name}`} />
      ) : (
        <span class="quiet">{upload.state === "waiting" ? "waiting" : upload.state === "paused" ? "waits for the line" : upload.outcome}</span>
      )}
    </li>
  );
}
