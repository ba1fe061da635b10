/** Pictures of sources: their bytes, small copies of them, and where they are shown from. */

import { refusal } from "../common/http";
import type { Source } from "./draft";

const STORE = "/api/imagestore/v1/images";

/** The whole image. Throws a Refusal. */
export async function wholeOf(source: Source, signal?: AbortSignal): Promise<Blob> {
  return source.file ?? fetched(`${STORE}/${encodeURIComponent(source.name)}/content`, signal);
}

/** A copy whose sides are at most `edge`, upright; the image itself where it is no larger, or where this browser
 * cannot read it. */
export async function copyOf(source: Source, edge: number, signal?: AbortSignal): Promise<Blob> {
  if (!source.file) return fetched(`${STORE}/${encodeURIComponent(source.name)}/rendition?width=${edge}&height=${edge}&fit=contain&format=png`, signal);
  return (await shrunk(source.file, edge)) ?? source.file;
}

/** Null where it is small enough already, or unreadable here. */
export async function shrunk(blob: Blob, edge: number, type = "image/webp"): Promise<Blob | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(blob);
  } catch {
    return null;
  }
  try {
    const scale = edge / Math.max(picture.width, picture.height);
    if (scale >= 1) return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const pen = canvas.getContext("2d");
    if (!pen) return null;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, type, 0.95));
  } finally {
    picture.close();
  }
}

export async function fetched(path: string, signal?: AbortSignal): Promise<Blob> {
  const answer = await fetch(path, signal ? { signal } : {});
  if (!answer.ok) throw await refusal(answer);
  return answer.blob();
}
