/** Files on their way to the image store. */

import { Refusal } from "../common/http";
import type { Api } from "./api";
import type { UploadResult } from "./model";
import { type Line, type Named, uploaded } from "./upload";

/** Smaller ones are sent sooner than asked for. */
const WORTH_ASKING = 256 * 1024;

export function lineOf(api: Api): Line {
  return { send: sendFile, isThere: (named) => isThere(api, named) };
}

/** By name, size and digest; where the browser may not make digests (only on https and this machine) it is sent. */
async function isThere(api: Api, { file, name }: Named): Promise<boolean> {
  if (file.size < WORTH_ASKING || !globalThis.crypto?.subtle) return false;
  const known = await api.find(storedName(name));
  if (known?.size !== file.size) return false;
  try {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return known.digest === `sha256:${hex}`;
  } catch {
    return false;
  }
}

/** What the image store makes of a name: NFC, each space a `_`. */
export function storedName(name: string): string {
  return name.normalize("NFC").replace(/\p{Zs}/gu, "_");
}

/** One file by XMLHttpRequest: fetch does not tell how much has been sent. */
function sendFile({ file, name }: Named, progress: (part: number) => void, signal: AbortSignal): Promise<UploadResult> {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    body.append("files", file, name);
    const request = new XMLHttpRequest();
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", "/api/imagestore/v1/images");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () => reject(new Refusal(0, "unreachable", "Darkroom cannot be reached"));
    request.onabort = () => reject(new Error("given up"));
    request.onload = () => {
      try {
        resolve(uploaded(request.status, request.responseText, Number(request.getResponseHeader("Retry-After")) || 0));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    request.send(body);
  });
}
