/** Files that come to the page: dropped (whole folders too), pasted, chosen. */

import { useGivenFiles } from "../common/given_files";
import type { Named } from "./upload";

/** What is chosen, and how many of a folder's files are no images. */
export interface Given {
  files: Named[];
  leftOut: number;
}

const IMAGES = /\.(jpe?g|png|webp|tiff?|bmp|gif|avif)$/i;

export function isImage(file: { name: string; type: string }): boolean {
  return !file.name.startsWith(".") && (file.type.startsWith("image/") || IMAGES.test(file.name));
}

/** A path in a folder as one name: the image store has no folders, and its import names files the same way. */
export function nameOfPath(path: string): string {
  return path.replace(/^\/+/, "").replaceAll("/", "_");
}

/** Those of a folder are sorted out: it holds other things as well. What is chosen one by one is taken as it is. */
export function given(files: readonly File[]): Given {
  const inFolder = (file: File) => Boolean(file.webkitRelativePath);
  const kept = files.filter((file) => !inFolder(file) || isImage(file));
  return {
    files: kept.map((file) => ({ file, name: inFolder(file) ? nameOfPath(file.webkitRelativePath) : file.name })),
    leftOut: files.length - kept.length,
  };
}

/** What is pasted is called "image.png" by every browser: the moment makes it a name of its own. */
export function nameOfPasted(file: { name: string; type: string }, moment: Date, place: number): string {
  if (!/^image\.\w+$/.test(file.name)) return file.name;
  const digits = (value: number) => String(value).padStart(2, "0");
  const day = [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map(digits).join("-");
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(digits).join(".");
  return `pasted_${day}_${time}${place ? `_${place + 1}` : ""}${file.name.slice(file.name.lastIndexOf("."))}`;
}

/** Takes files that are dropped or pasted anywhere on the page; true while some are held over it. */
export function useFiles(take: (given: Given) => void): boolean {
  return useGivenFiles({
    dropped,
    pasted: (files) => {
      const now = new Date();
      return { files: files.map((file, place) => ({ file, name: nameOfPasted(file, now, place) })), leftOut: 0 };
    },
    take,
  });
}

async function dropped(transfer: DataTransfer | null): Promise<Given> {
  // The list is emptied once the event is over: what is needed of it is taken at once.
  const plain = [...(transfer?.files ?? [])];
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) return given(plain);
  const all: Given = { files: [], leftOut: 0 };
  for (const entry of entries) if (entry) await gather(entry, all);
  all.files.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return all;
}

async function gather(entry: FileSystemEntry, into: Given): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    if (isImage(file)) into.files.push({ file, name: nameOfPath(entry.fullPath) });
    else into.leftOut += 1;
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const one of some) await gather(one, into);
  }
}
