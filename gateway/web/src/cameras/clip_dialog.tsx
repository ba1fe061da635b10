/** One clip: played straight from the card where the browser can, its properties, its download. */

import { bytes } from "../common/format";
import { Dialog } from "../common/dialog";
import { cameraUrl, type Clip } from "./model";
import { clock, facts } from "./words";

interface Props {
  camera: string;
  clip: Clip;
  all: readonly Clip[];
  close(): void;
  show(clip: Clip): void;
}

export function ClipDialog({ camera, clip, all, close, show }: Props) {
  const content = cameraUrl(camera, "clips", clip.id, "content");
  const here = all.findIndex((one) => one.id === clip.id);
  const [before, after] = [all[here - 1], all[here + 1]];
  return (
    <Dialog title={`${clip.date} ${clock(clip.start_local)} ${clip.name}`} close={close} wide>
      <div class="cam-clip">
        <div class="cam-player">
          {clip.properties?.playable && clip.properties.state !== "broken" ? (
            <video key={clip.id} src={content} controls autoPlay muted playsInline aria-label={clip.name} />
          ) : (
            <p class="cam-waiting">{unplayable(clip)}</p>
          )}
        </div>
        <div class="stack">
          <table class="cam-facts">
            <tbody>
              <tr>
                <th scope="row">Size</th>
                <td>{bytes(clip.size)}</td>
              </tr>
              {clip.properties &&
                facts(clip.properties).map(([name, value]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{value}</td>
                  </tr>
                ))}
            </tbody>
          </table>
          <a class="button primary" href={`${content}?download=true`} download={clip.name}>
            Download
          </a>
          <div class="row">
            <button type="button" disabled={!after} onClick={() => after && show(after)}>
              ← Earlier
            </button>
            <button type="button" disabled={!before} onClick={() => before && show(before)}>
              Later →
            </button>
          </div>
        </div>
      </div>
    </Dialog>
  );
}

function unplayable(clip: Clip): string {
  if (clip.kind === "other") return "This file is no clip. It can be downloaded.";
  if (clip.properties === null) return "This clip is being read …";
  if (clip.properties.state === "broken") return `This clip is broken: ${clip.properties.detail}`;
  if (clip.properties.codec === null) return `This clip cannot be played: ${clip.properties.detail}`;
  return `Browsers do not play ${clip.properties.codec ?? "this codec"}. The clip can be downloaded.`;
}
