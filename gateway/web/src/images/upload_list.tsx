import { count } from "../common/format";
import type { Upload } from "./upload";

export function UploadList({ uploads, clear }: { uploads: readonly Upload[]; clear(): void }) {
  if (!uploads.length) return null;
  const ended = uploads.filter((upload) => upload.state === "done" || upload.state === "failed");
  const failed = uploads.filter((upload) => upload.state === "failed");
  const busy = ended.length < uploads.length;
  return (
    <section class="uploads" aria-label="Uploads">
      <header>
        <strong role="status">
          {busy ? `Uploading ${ended.length + 1} of ${uploads.length}` : `${count(uploads.length - failed.length, "file")} uploaded`}
          {failed.length > 0 && `, ${failed.length} failed`}
        </strong>
        <button class="plain" onClick={clear}>
          {busy ? "Hide finished" : "Close"}
        </button>
      </header>
      <ul>
        {uploads.map((upload) => (
          <li key={upload.id} class={upload.state}>
            <span class="name">{upload.name}</span>
            {upload.state === "sending" ? (
              <progress value={upload.progress} aria-label={`Upload of ${upload.name}`} />
            ) : (
              <span class="quiet">{upload.state === "waiting" ? "waiting" : upload.outcome}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
