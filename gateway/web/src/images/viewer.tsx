/** One image, large, with what is known of it. */

import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../common/keys";
import { useShell } from "../common/shell";
import { type Api, contentPath, renditionPath } from "./api";
import { Details } from "./details";
import type { Image } from "./model";
import type { Opened } from "./use_opened";

export interface ViewerProps {
  api: Api;
  opened: Opened;
  total: number;
  step(by: number): Promise<void>;
  close(): void;
  /** `former` is the name it had. */
  changed(image: Image, former?: string): void;
  filter(tag: string): void;
  share(): void;
  remove(): void;
}

const EDGE = 1600;

export function Viewer(props: ViewerProps) {
  const { opened, total, step, close, share, remove } = props;
  const { image, place } = opened;
  const { services, session } = useShell();
  const mayWrite = session.scopes.includes("write");
  const shut = useRef<HTMLButtonElement>(null);
  useEffect(() => shut.current?.focus(), []);
  const hasPrevious = place !== null && place > 0;
  const hasNext = place !== null && place < total - 1;
  useKeys([
    { keys: ["arrowleft"], title: "The image before", group: "Image", run: () => void (hasPrevious && step(-1)) },
    { keys: ["arrowright"], title: "The next image", group: "Image", run: () => void (hasNext && step(1)) },
    { keys: ["escape"], title: "Close", group: "Image", run: close },
    ...(mayWrite
      ? [
          { keys: ["s"], title: "Share", group: "Image", run: share },
          { keys: ["delete"], title: "Move to the trash", group: "Image", run: remove },
        ]
      : []),
  ]);
  return (
    <div class="im-viewer" role="dialog" aria-modal="true" aria-label={image.name}>
      <figure>
        <a href={contentPath(image)} target="_blank" rel="noreferrer" title="Open the original">
          <img key={image.digest} src={renditionPath(image, EDGE, "contain")} alt={image.name} />
        </a>
        <button class="im-step im-previous" aria-label="Previous image" disabled={!hasPrevious} onClick={() => void step(-1)}>
          ‹
        </button>
        <button class="im-step im-next" aria-label="Next image" disabled={!hasNext} onClick={() => void step(1)}>
          ›
        </button>
      </figure>
      <aside aria-label="About this image">
        <div class="im-viewer-head">
          <button ref={shut} onClick={close}>
            ✕ Close
          </button>
          {place !== null && (
            <span class="quiet">
              {(place + 1).toLocaleString()} of {total.toLocaleString()}
            </span>
          )}
        </div>
        <div class="row">
          <a class="button" href={contentPath(image)} download={image.name}>
            Download
          </a>
          {mayWrite && <button onClick={share}>Share</button>}
          {services.has("processing") && (
            <a class="button" href={`#/processing?${new URLSearchParams({ image: image.name })}`}>
              Process
            </a>
          )}
          {mayWrite && (
            <button class="danger" onClick={remove}>
              Delete
            </button>
          )}
        </div>
        <Details {...props} mayWrite={mayWrite} />
      </aside>
    </div>
  );
}
