/** The cameras that are known, and a place to type the id of one that is not. */

import { useEffect, useState } from "preact/hooks";
import { bytes, count } from "../common/format";
import { wordsOf } from "../common/http";
import { address, go } from "../common/router";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { AddCamera } from "./add_camera";
import { Gauge } from "./gauge";
import type { Camera } from "./model";
import { useLoaded } from "./use_loaded";
import { stateWords } from "./words";

export function CameraList() {
  const { http, live, session } = useShell();
  const [adding, setAdding] = useState(false);
  const cameras = useLoaded((signal) => http.all<Camera>("/api/sdcard/v1/cameras", { signal }), [http]);
  useEffect(
    () => live.follow(["sdcard.camera.*"], { event: cameras.reload, reset: cameras.reload }),
    [live, cameras.reload],
  );
  return (
    <div class="cam-page">
      <header class="row cam-head">
        <h1>Cameras</h1>
        <OpenById />
        {session.scopes.includes("write") && (
          <button type="button" class="at-end" onClick={() => setAdding(true)}>
            Add a camera
          </button>
        )}
      </header>
      <Cards cameras={cameras.value} error={cameras.error} retry={cameras.reload} />
      {adding && <AddCamera close={() => setAdding(false)} />}
    </div>
  );
}

function Cards({ cameras, error, retry }: { cameras: Camera[] | null; error: unknown; retry(): void }) {
  if (error !== null && cameras === null) return <Failed why={wordsOf(error)} retry={retry} />;
  if (cameras === null) return <Loading what="Looking for cameras" />;
  if (cameras.length === 0) {
    return (
      <Empty title="No cameras yet">
        <p class="quiet">Add one with its address, or name them all in a file (CONFIG_INI). After that its id, typed above, opens it.</p>
      </Empty>
    );
  }
  return (
    <ul class="cam-cards">
      {cameras.map((camera) => (
        <li key={camera.id}>
          <a class="card cam-card" href={address(["cameras", camera.id])}>
            <strong>{camera.name}</strong>
            <span class={camera.state === "online" ? "cam-state is-good" : "cam-state"}>{stateWords(camera.state)}</span>
            <span class="quiet">{camera.model || camera.host}</span>
            {camera.card && <Gauge card={camera.card} />}
            <span class="quiet">
              {camera.clips > 0 ? `${count(camera.clips, "clip")}, ${bytes(camera.clip_bytes)}` : "Nothing listed yet"}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function OpenById() {
  const [id, setId] = useState("");
  const open = (event: Event) => {
    event.preventDefault();
    if (id.trim()) go(address(["cameras", id.trim()]));
  };
  return (
    <form class="row" onSubmit={open} role="search">
      <input
        aria-label="A camera's id"
        placeholder="A camera's id"
        value={id}
        maxLength={63}
        pattern="[A-Za-z0-9_\-]+"
        onInput={(event) => setId(event.currentTarget.value)}
      />
      <button type="submit" class="primary">
        Open
      </button>
    </form>
  );
}
