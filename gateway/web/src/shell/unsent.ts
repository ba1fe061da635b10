/** Labels that an earlier visit could not send go out wherever one is; the part that sends them is loaded for that alone. */

import type { Http } from "../common/http";

const PREFIX = "darkroom.outbox.";

export function sendUnsent(http: Http): void {
  let names: string[] = [];
  try {
    names = Object.keys(localStorage);
  } catch {
    return;
  }
  if (!names.some((name) => name.startsWith(PREFIX))) return;
  void import("../tagging/outbox").then(({ outboxOf }) => outboxOf(http));
}
