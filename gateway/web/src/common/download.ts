/** Hands bytes to the browser as a file. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of the bytes by the next turn of its loop at the latest.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Copies a text; pages that are not on this machine or https have no clipboard, and the old way is tried. */
export async function copy(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field?.select();
    return document.execCommand("copy");
  }
}
