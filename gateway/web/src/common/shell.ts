/** What the shell gives to every workbench. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Http } from "./http";
import type { Live } from "./live";
import type { Toast } from "./toasts";

export interface Session {
  name: string;
  scopes: ("read" | "write" | "admin")[];
}

export interface Shell {
  http: Http;
  live: Live;
  session: Session;
  /** The services behind this gateway: "tagging", "imagestore", ... */
  services: ReadonlySet<string>;
  /** Says something in a corner of the page, for some seconds. */
  say(toast: Toast | string): void;
  /** Says what went wrong; a session that has ended leads to the sign-in. */
  failed(error: unknown): void;
}

export const ShellContext = createContext<Shell | null>(null);

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error("outside the shell");
  return shell;
}
