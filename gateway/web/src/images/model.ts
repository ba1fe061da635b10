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

/** Where the pages of a search begin. */
export interface Landmarks {
  total: number;
  every: number;
  cursors: string[];
  /** The place of the image that was asked for; null where it does not fit. */
  at: number | null;
}

export interface ImageVersion {
  version: number;
  size: number;
  digest: string;
  media_type: string;
  width: number;
  height: number;
  created_at: string;
}

export interface ExifEntry {
  group: string;
  name: string;
  value: string;
}

export interface TagCount {
  tag: string;
  images: number;
}

export interface TrashedImage extends Image {
  id: number;
  deleted_at: string;
  kept_until: string;
}

export interface Link {
  id: number;
  url: string;
  title: string;
  names: string[];
  created_at: string;
  expires_at: string;
  has_password: boolean;
  state: "open" | "expired" | "revoked";
}

export const SORTS = {
  "-created_at": "Newest first",
  created_at: "Oldest first",
  "-taken_at": "Last taken first",
  taken_at: "First taken first",
  name: "Name",
  "-updated_at": "Last changed first",
  "-size": "Largest first",
} as const;

export type Sort = keyof typeof SORTS;

/** What the gallery shows: the search words, tags that must all be there, and the order. */
export interface Query {
  q: string;
  tags: readonly string[];
  sort: Sort;
}

export const EVERYTHING: Query = { q: "", tags: [], sort: "-created_at" };
