/** The wire shapes of the image store that the page uses. */

import type { Problem } from "../common/http";

export interface Image {
  name: string;
  size: number;
  digest: string;
  media_type: string;
  width: number;
  height: number;
  taken_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
  tags: string[];
}

export interface UploadResult {
  name: string;
  status: "created" | "updated" | "unchanged" | "failed";
  image: Image | null;
  problem: Problem | null;
}

export interface TrashedImage extends Image {
  id: number;
  kept_until: string;
}

export interface Link {
  id: number;
  url: string;
  expires_at: string;
}

export const SORTS = {
  "-created_at": "Newest first",
  created_at: "Oldest first",
  name: "Name",
  "-size": "Largest first",
  "-taken_at": "Last taken first",
} as const;

export type Sort = keyof typeof SORTS;

/** What the gallery shows: the search words, a tag, and the order. */
export interface Query {
  q: string;
  tag: string;
  sort: Sort;
}

export const EVERYTHING: Query = { q: "", tag: "", sort: "-created_at" };
