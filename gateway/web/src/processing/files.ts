/** Files that come to the page: dropped (folders too), pasted. */

import { useGivenFiles } from "../common/given_files";

/** Takes files that are dropped or pasted anywhere on the page; true while some are held over it. */
export function useFiles(add: (files: File[]) => void): boolean {
  return useGivenFiles({ dropped, pasted: (files) => files, take: add });
}

/** All files, those in folders among them, by name. */
async function dropped(given: DataTransfer | null): Promise<File[]> {
  // The list is emptied once the event is over: what is needed of it is taken at once.
  const plain = [...(given?.files ?? [])];
  const entries = [...(given?.items ?? [])].map((item) => item.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const files = await Promise.all(entries.map((entry) => (entry ? within(entry) : [])));
  return files.flat().sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

async function within(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return /^image\//.test(file.type) || /\.(tiff?|avif|bmp)$/i.test(file.name) ? [file] : [];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const one of some) found.push(...(await within(one)));
  }
}
