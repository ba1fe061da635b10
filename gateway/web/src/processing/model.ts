/** The wire shapes of the processing service that the page uses, and where its things are. */

export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  unit?: string;
  enum?: (string | number)[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  not?: { multipleOf?: number };
  anyOf?: Schema[];
}

export interface Operation {
  name: string;
  title: string;
  description: string;
  family: string;
  takes: string;
  parameters: { description?: string; properties?: Record<string, Schema> };
}

export type Parameters = Record<string, unknown>;

export interface WireStep {
  operation: string;
  parameters: Parameters;
}

export type JobState = "waiting" | "running" | "finished" | "failed" | "cancelled";

export interface Reason {
  code?: string;
  detail?: string;
}

export interface Job {
  id: number;
  state: JobState;
  progress: { total: number; done: number; failed: number };
  error: Reason | null;
  created_by: string;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  expires_at: string | null;
  pipeline: WireStep[];
  format: string | null;
  quality: number | null;
  store_results: boolean;
}

export interface Item {
  index: number;
  name: string;
  state: JobState;
  attempts: number;
  error: Reason | null;
  pipeline: WireStep[] | null;
  original_url: string | null;
  result_name: string | null;
  media_type: string | null;
  size: number | null;
  digest: string | null;
  width: number | null;
  height: number | null;
  stored_name: string | null;
  store_error: Reason | null;
}

export interface JobPage extends Job {
  items: Item[];
  next_cursor: string | null;
}

export interface SavedPipeline {
  name: string;
  description: string;
  pipeline: WireStep[];
  revision: number;
  created_by: string;
  updated_at: string;
}

export const API = "/api/processing/v1";
export const MOST_STEPS = 10;
export const FORMATS = { jpeg: "JPEG", png: "PNG", webp: "WebP", avif: "AVIF" } as const;
export type Format = keyof typeof FORMATS;

export function jobPath(id: number): string {
  return `${API}/jobs/${id}`;
}

/** The digest changes with the bytes, so that a browser keeps no result of an earlier try. */
export function resultPath(job: number, item: Item): string {
  return `${jobPath(job)}/items/${item.index}/result?digest=${item.digest?.slice(7, 23) ?? ""}`;
}

export function originalPath(job: number, item: Item): string {
  return `${jobPath(job)}/items/${item.index}/original`;
}

export function pipelinePath(name: string): string {
  return `${API}/pipelines/${encodeURIComponent(name)}`;
}

export function isOver(state: JobState): boolean {
  return state !== "waiting" && state !== "running";
}

/** Parameter names for people where the schema's title is not enough: "sigma_colour" is "Sigma colour". */
export function worded(title: string): string {
  return title.length < 2 ? title : title.charAt(0) + title.slice(1).toLowerCase();
}
