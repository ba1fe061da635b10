/** A camera's key that somebody has to look at before anything is asked of the camera. */

import { useState } from "preact/hooks";
import { useShell } from "../common/shell";
import { type Camera, cameraUrl } from "./model";

export function HostKeyNotice({ camera, accepted }: { camera: Camera; accepted(): void }) {
  const { http, failed, say, session } = useShell();
  const [busy, setBusy] = useState(false);
  const { state, offered } = camera.host_key;
  if (offered === null || (state !== "unknown" && state !== "changed")) return null;
  const accept = async () => {
    setBusy(true);
    try {
      await http.json("POST", cameraUrl(camera.id, "host-key"), { fingerprint: offered });
      say("The key is accepted");
      accepted();
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="sheet cam-key" role="alert" aria-label="The camera's key">
      <h2>{state === "changed" ? "This camera shows another key than before" : "Is this the right camera?"}</h2>
      <p>
        {state === "changed"
          ? "It was set up anew, or something else answers at its address. Compare the fingerprint before you go on."
          : "Compare the fingerprint of its key with the one that the camera itself shows."}
      </p>
      <p>
        <code>{offered}</code>
      </p>
      {session.scopes.includes("write") && (
        <button type="button" class="primary" disabled={busy} onClick={() => void accept()}>
          It is the same: accept this key
        </button>
      )}
    </section>
  );
}
