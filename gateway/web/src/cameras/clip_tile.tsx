/** A clip in the grid: its picture, moving while it is pointed at, and what is known of it. */

import { useState } from "preact/hooks";
import { bytes } from "../common/format";
import type { TileProps } from "../common/virtual_grid";
import { cameraUrl, type Clip, hasPicture } from "./model";
import { clock, shortly } from "./words";

interface Props {
  camera: string;
  clip: Clip;
  props: TileProps;
  chosen: boolean;
  toggle(): void;
  open(): void;
}

export function ClipTile({ camera, clip, props, chosen, toggle, open }: Props) {
  const [moving, setMoving] = useState(false);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const words = clip.kind === "other" ? clip.name : clock(clip.start_local);
  const picture = moving && !calm ? "preview.gif" : "thumbnail.jpg";
  return (
    <div class={chosen ? "cam-tile is-chosen" : "cam-tile"}>
      <button
        type="button"
        class="cam-open"
        {...props}
        aria-label={`${words}, ${clip.properties ? shortly(clip.properties) : "not read yet"}`}
        onClick={open}
        onMouseEnter={() => setMoving(true)}
        onMouseLeave={() => setMoving(false)}
        onFocus={() => (props.onFocus(), setMoving(true))}
        onBlur={() => setMoving(false)}
        onKeyDown={(event) => {
          if (event.key === "x") toggle();
        }}
      >
        {hasPicture(clip) ? (
          <img src={cameraUrl(camera, "clips", clip.id, picture)} alt="" loading="lazy" decoding="async" />
        ) : (
          <span class={clip.kind === "clip" && clip.properties === null ? "cam-waiting is-loading" : "cam-waiting"}>
            {clip.kind === "other" ? "No clip" : clip.properties ? (clip.properties.state === "truncated" ? "Cut off, or still being written" : "Broken") : "Reading …"}
          </span>
        )}
      </button>
      <label class="cam-tile-words">
        <input type="checkbox" checked={chosen} onChange={toggle} aria-label={`Choose ${words}`} tabIndex={-1} />
        <span>
          <strong>{words}</strong> <span class="quiet">{bytes(clip.size)}</span>
          <small class="quiet">{clip.properties ? shortly(clip.properties) : clip.name}</small>
        </span>
      </label>
    </div>
  );
}
