/** Sends a draft as a job: names where all images are the image store's, else the bytes themselves. */

import { type Http, Refusal, toRefusal } from "../common/http";
import { type Draft, overridesOf } from "./draft";
import { API, type Job } from "./model";
import { wholeOf } from "./pictures";
import { toWire } from "./pipeline";

export type Progress = (part: number) => void;

export interface Options {
  pipeline: ReturnType<typeof toWire>;
  overrides: ReturnType<typeof overridesOf>;
  format?: string;
  quality?: number;
  store_results: boolean;
}

export function optionsOf(draft: Draft): Options {
  // Where each image has a pipeline of its own, the common one may be empty; the service wants one.
  const common = draft.pipeline.length ? draft.pipeline : (Object.values(draft.own)[0] ?? []);
  return {
    pipeline: toWire(common),
    overrides: overridesOf(draft),
    ...(draft.format ? { format: draft.format } : {}),
    ...(draft.quality !== null ? { quality: draft.quality } : {}),
    store_results: draft.store,
  };
}

/** Why the draft cannot be sent yet; empty where it can. */
export function hindrance(draft: Draft): string {
  if (!draft.sources.length) return "Add images first";
  const bare = draft.sources.some((one) => !(draft.own[one.id] ?? draft.pipeline).length);
  return bare ? "Add an operation first" : "";
}

/** A key that no other submission has. Pages that are not on this machine or https have no randomUUID. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The job. Throws a Refusal; the same draft with the same key may then be sent again. */
export async function submit(http: Http, draft: Draft, progress: Progress, signal: AbortSignal): Promise<Job> {
  const options = optionsOf(draft);
  if (draft.sources.every((one) => !one.file)) {
    const images = draft.sources.map((one) => one.name);
    return http.json<Job>("POST", `${API}/jobs`, { ...options, images }, { headers: { "Idempotency-Key": draft.key }, signal });
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  for (const one of draft.sources) form.append("images", await wholeOf(one, signal), one.name);
  return send(form, draft.key, progress, signal);
}

/** By XMLHttpRequest: fetch does not tell how much has been sent. */
function send(form: FormData, key: string, progress: Progress, signal: AbortSignal): Promise<Job> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/jobs`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new Refusal(0, "unreachable", "The connection was cut. Nothing is lost: press Process again."));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onload = () => {
      if (request.status < 200 || request.status > 299) reject(toRefusal(request.status, request.responseText));
      else resolve(JSON.parse(request.responseText) as Job);
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
