/** What can be done with the clips that were chosen. */

import { count } from "../common/format";
import { download } from "../common/download";
import { useShell } from "../common/shell";
import { cameraUrl } from "./model";

interface Props {
  id: string;
  chosen: ReadonlySet<string>;
  clear(): void;
}

export function Selection({ id, chosen, clear }: Props) {
  const { http, say, failed, services, session } = useShell();
  if (chosen.size === 0) return null;
  const clips = [...chosen];
  const zip = async () => {
    try {
      const answer = await http.call("POST", cameraUrl(id, "archives"), { clips, filename: `${id}.zip` }, { headers: { Accept: "*/*" } });
      download(await answer.blob(), `${id}.zip`);
    } catch (error) {
      failed(error);
    }
  };
  const copy = async () => {
    try {
      await http.json("POST", cameraUrl(id, "copies"), { clips, tags: [id] });
      say("Key frames are being copied into the image store");
      clear();
    } catch (error) {
      failed(error);
    }
  };
  return (
    <div class="row toolbar cam-selection" role="toolbar" aria-label="Chosen clips">
      <strong>{count(chosen.size, "clip")} chosen</strong>
      <button type="button" onClick={() => void zip()}>
        Download as ZIP
      </button>
      {services.has("imagestore") && session.scopes.includes("write") && (
        <button type="button" onClick={() => void copy()}>
          Copy key frames to Images
        </button>
      )}
      <button type="button" class="plain" onClick={clear}>
        Choose none
      </button>
    </div>
  );
}
