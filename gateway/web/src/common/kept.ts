/** What a browser remembers of a person's choices. A browser that keeps nothing loses only the memory. */

export function recall<T>(name: string, otherwise: T, storage: Storage | null = local()): T {
  try {
    const text = storage?.getItem(`darkroom.${name}`);
    return text == null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function keep(name: string, value: unknown, storage: Storage | null = local()): void {
  try {
    storage?.setItem(`darkroom.${name}`, JSON.stringify(value));
  } catch {
    // Full or forbidden.
  }
}

function local(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
