/** Where other devices reach the gateway, and the code that signs them in. */

export interface Reach {
  listens: "loopback" | "network";
  addresses: { kind: "public" | "name" | "address"; url: string }[];
  sign_in: boolean;
}

export interface Code {
  code: string;
  scopes: ("read" | "write")[];
  expires: string;
}

/** What makes the gateway reachable, as lines of a `.env` file. */
export const LINES = "DARKROOM_GATEWAY_HOST=0.0.0.0";

/** The address to open; with a code in it, which stays in the browser: what is after # is sent to no server. */
export function linkTo(url: string, code: string | null): string {
  return code === null ? url : `${url}/#key=${code}`;
}

/** How long it is until then, in minutes and seconds; null when it is past. */
export function left(until: string, now: number): string | null {
  const seconds = Math.ceil((Date.parse(until) - now) / 1000);
  return seconds > 0 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : null;
}

interface Bitmap {
  readonly size: number;
  get(x: number, y: number): boolean;
}

/** The dark squares of a QR code as one SVG path, each row's neighbours joined. */
export function squares(code: Bitmap): string {
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (!code.get(x, y)) continue;
      const start = x;
      while (x + 1 < code.size && code.get(x + 1, y)) x++;
      path += `M${start} ${y}h${x - start + 1}v1H${start}z`;
    }
  }
  return path;
}
