/** A form for a camera that no file names. */

import { useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { wordsOf } from "../common/http";
import { address, go } from "../common/router";
import { useShell } from "../common/shell";
import type { Camera } from "./model";

const FIELDS = [
  { name: "id", title: "Id", needed: true, pattern: "[A-Za-z0-9_\\-]{1,63}", type: "text" },
  { name: "host", title: "Address", needed: false, pattern: "[A-Za-z0-9_.:\\-]{1,253}", type: "text" },
  { name: "port", title: "Port", needed: false, pattern: "[0-9]{1,5}", type: "text" },
  { name: "user", title: "User", needed: false, pattern: null, type: "text" },
  { name: "password", title: "Password", needed: false, pattern: null, type: "password" },
] as const;

export function AddCamera({ id = "", close, added }: { id?: string; close(): void; added?(): void }) {
  const { http } = useShell();
  const [wrong, setWrong] = useState("");
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const wanted: Record<string, string | number> = {};
    for (const { name } of FIELDS) {
      const value = String(given.get(name) ?? "").trim();
      if (value) wanted[name] = name === "port" ? Number(value) : value;
    }
    try {
      const camera = await http.json<Camera>("POST", "/api/sdcard/v1/cameras", wanted);
      close();
      if (camera.id === id) added?.();
      go(address(["cameras", camera.id]));
    } catch (error) {
      setWrong(wordsOf(error));
    }
  };
  return (
    <Dialog title="Add a camera" close={close}>
      <form class="stack" onSubmit={(event) => void add(event)}>
        {FIELDS.map(({ name, title, needed, pattern, type }) => (
          <label class="stack" key={name}>
            {title}
            {type === "password" ? (
              <input name={name} type="password" autoComplete="off" />
            ) : (
              <input name={name} type="text" required={needed} defaultValue={name === "id" ? id : ""} {...(pattern === null ? {} : { pattern })} autoComplete="off" />
            )}
          </label>
        ))}
        <p class="quiet">What is left empty comes from the defaults of the cameras' file.</p>
        {wrong && (
          <p class="danger" role="alert">
            {wrong}
          </p>
        )}
        <button type="submit" class="primary">
          Add
        </button>
      </form>
    </Dialog>
  );
}
