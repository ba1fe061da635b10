/** Short notes in a corner: what was done, what went wrong, and the way back. */

import { useEffect } from "preact/hooks";
import { Store, useStore } from "./store";

export interface Toast {
  text: string;
  kind?: "done" | "wrong";
  action?: { label: string; run(): void };
}

interface Shown extends Toast {
  id: number;
}

const SHOWN_MS = 8000;
const AT_MOST = 4;

export class Toasts {
  readonly list = new Store<readonly Shown[]>([]);
  private next = 1;

  say(toast: Toast | string): void {
    const shown = { id: this.next++, ...(typeof toast === "string" ? { text: toast } : toast) };
    // The same words twice are said once, anew.
    const others = this.list.get().filter((one) => one.text !== shown.text);
    this.list.set([...others, shown].slice(-AT_MOST));
  }

  drop(id: number): void {
    this.list.update((list) => list.filter((one) => one.id !== id));
  }
}

export function ToastList({ toasts }: { toasts: Toasts }) {
  const list = useStore(toasts.list);
  return (
    <div class="toasts" role="status">
      {list.map((toast) => (
        <Note key={toast.id} toast={toast} drop={() => toasts.drop(toast.id)} />
      ))}
    </div>
  );
}

function Note({ toast, drop }: { toast: Shown; drop(): void }) {
  useEffect(() => {
    const timer = setTimeout(drop, SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class={toast.kind === "wrong" ? "toast bad" : "toast"}>
      <span>{toast.text}</span>
      {toast.action && (
        <button
          onClick={() => {
            toast.action?.run();
            drop();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button class="plain" aria-label="Close this note" onClick={drop}>
        ✕
      </button>
    </p>
  );
}
