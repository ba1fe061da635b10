/** Files in the browser's own database, so that a reload does not ask for them again. It may have none, or be full. */

const NAME = "darkroom";
const STORE = "files";

export class FileBox {
  private opened: Promise<IDBDatabase> | null = null;

  /** Whether the file is in it now. */
  async put(id: string, file: File): Promise<boolean> {
    try {
      const store = await this.store("readwrite");
      await done(store.put(file, id));
      return true;
    } catch {
      return false;
    }
  }

  /** Those of the files that are there; all others are taken out. */
  async sweep(wanted: ReadonlySet<string>, others: ReadonlySet<string>): Promise<Map<string, File>> {
    const found = new Map<string, File>();
    try {
      const store = await this.store("readwrite");
      const ids = (await done(store.getAllKeys())) as string[];
      for (const id of ids) {
        if (wanted.has(id)) found.set(id, (await done(store.get(id))) as File);
        else if (!others.has(id)) store.delete(id);
      }
    } catch {
      // What could be read is better than nothing.
    }
    return found;
  }

  async drop(id: string): Promise<void> {
    try {
      (await this.store("readwrite")).delete(id);
    } catch {
      // The next sweep takes it.
    }
  }

  private async store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    this.opened ??= open();
    return (await this.opened).transaction(STORE, mode).objectStore(STORE);
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
