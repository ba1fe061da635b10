/** Uploads: a few files at a time, each with its own progress and its own outcome. */

import { Refusal, toRefusal } from "../common/http";
import type { UploadResult } from "./model";

export interface Upload {
  id: number;
  name: string;
  state: "waiting" | "sending" | "done" | "failed";
  /** 0 to 1. */
  progress: number;
  /** What became of it, in words. */
  outcome: string;
}

export type Send = (file: File, progress: (part: number) => void) => Promise<UploadResult>;

const AT_ONCE = 3;
const WORDS = { created: "added", updated: "a new version of that name", unchanged: "was there already" } as const;

export class Uploads {
  private list: readonly Upload[] = [];
  private readonly waiting: [number, File][] = [];
  private sending = 0;
  private next = 1;

  constructor(
    private readonly changed: (uploads: readonly Upload[]) => void,
    private readonly send: Send = sendFile,
  ) {}

  add(files: Iterable<File>): void {
    for (const file of files) {
      const id = this.next++;
      this.waiting.push([id, file]);
      this.list = [...this.list, { id, name: file.name, state: "waiting", progress: 0, outcome: "" }];
    }
    this.changed(this.list);
    this.work();
  }

  /** Forgets those that have ended. */
  clear(): void {
    this.list = this.list.filter((upload) => upload.state === "waiting" || upload.state === "sending");
    this.changed(this.list);
  }

  private work(): void {
    while (this.sending < AT_ONCE) {
      const job = this.waiting.shift();
      if (!job) return;
      this.sending += 1;
      void this.one(...job).finally(() => {
        this.sending -= 1;
        this.work();
      });
    }
  }

  private async one(id: number, file: File): Promise<void> {
    this.set(id, { state: "sending" });
    try {
      const result = await this.send(file, (progress) => this.set(id, { progress }));
      if (result.status === "failed") throw new Error(result.problem?.detail || result.problem?.title || "refused");
      this.set(id, { state: "done", progress: 1, name: result.name, outcome: WORDS[result.status] });
    } catch (error) {
      this.set(id, { state: "failed", outcome: error instanceof Error ? error.message : String(error) });
    }
  }

  private set(id: number, part: Partial<Upload>): void {
    this.list = this.list.map((upload) => (upload.id === id ? { ...upload, ...part } : upload));
    this.changed(this.list);
  }
}

/** One file by XMLHttpRequest: fetch does not tell how much has been sent. */
function sendFile(file: File, progress: (part: number) => void): Promise<UploadResult> {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    body.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/api/imagestore/v1/images");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () => reject(new Refusal(0, "unreachable", "the connection was cut"));
    request.onload = () => {
      try {
        resolve(uploaded(request.status, request.responseText));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    request.send(body);
  });
}

/** The outcome of a single file in the answer to an upload. Throws a Refusal where the whole was refused. */
export function uploaded(status: number, text: string): UploadResult {
  if (status < 200 || status > 299) {
    const answer = parsed(text);
    if (!answer?.items?.[0]) throw toRefusal(status, text);
  }
  const first = parsed(text)?.items?.[0];
  if (!first) throw new Refusal(status, "unknown", "the answer names no file");
  return first;
}

function parsed(text: string): { items?: UploadResult[] } | null {
  try {
    return JSON.parse(text) as { items?: UploadResult[] };
  } catch {
    return null;
  }
}
