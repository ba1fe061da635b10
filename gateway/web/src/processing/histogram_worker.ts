/** Counts a picture's brightnesses beside the page, so that no key waits for it. */

import { type Histogram, histogram } from "./histogram";

/** Enough pixels to tell the shape of the curves. */
const EDGE = 768;

export interface Asked {
  id: number;
  blob: Blob;
}

export interface Answered {
  id: number;
  found: Histogram | null;
}

addEventListener("message", (message: MessageEvent<Asked>) => {
  const { id, blob } = message.data;
  counted(blob).then(
    (found) => postMessage({ id, found } satisfies Answered),
    () => postMessage({ id, found: null } satisfies Answered),
  );
});

async function counted(blob: Blob): Promise<Histogram> {
  const picture = await createImageBitmap(blob);
  const scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
  const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("no canvas");
  // Pixels are picked, not mixed: a black-and-white picture shall show no greys.
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture, 0, 0, width, height);
  picture.close();
  return histogram(pen.getImageData(0, 0, width, height).data);
}
