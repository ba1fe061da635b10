/** Keys: who may come in, and with what rights. For admins. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { copy } from "../common/download";
import { moment } from "../common/format";
import { type Page, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Failed, Loading } from "../common/states";

interface Key {
  id: number;
  name: string;
  scopes: string[];
  created: string;
  expires: string | null;
  last_used: string | null;
  /** Of another device: the key that let it in. */
  parent_id: number | null;
}

const RIGHTS: Record<string, { words: string; scopes: string[] }> = {
  read: { words: "Look at everything", scopes: ["read"] },
  write: { words: "Look and work", scopes: ["read", "write"] },
  admin: { words: "Look, work, and make keys", scopes: ["read", "write", "admin"] },
};

export function KeysPage() {
  const { http, failed, say } = useShell();
  const [keys, setKeys] = useState<Key[] | null>(null);
  const [why, setWhy] = useState("");
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const load = useCallback(() => {
    http.get<Page<Key>>("/v1/keys").then((page) => setKeys(page.items), (error) => setWhy(wordsOf(error)));
  }, [http]);
  useEffect(load, [load]);
  const revoke = async (key: Key) => {
    try {
      await http.call("DELETE", `/v1/keys/${key.id}`);
      say(`${key.name} is revoked; its sessions have ended`);
      load();
    } catch (error) {
      failed(error);
    }
  };
  if (why) return <Failed why={why} retry={() => (setWhy(""), load())} />;
  if (!keys) return <Loading what="Loading the keys" />;
  return (
    <div class="sheet">
      <h1>Keys and people</h1>
      <p class="quiet">Give each person and each program a key of their own: labels and changes carry its name.</p>
      <NewKey
        made={(key) => {
          setMade(key);
          load();
        }}
      />
      <div class="table-wrap keys-table" tabIndex={0} role="region" aria-label="Keys">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">May</th>
              <th scope="col">Made</th>
              <th scope="col">Last used</th>
              <th scope="col">Ends</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key.id}>
                <th scope="row">
                  {key.name}
                  {key.parent_id !== null && <span class="quiet"> · another device</span>}
                </th>
                <td>{key.scopes.join(", ")}</td>
                <td>{moment(key.created)}</td>
                <td>{key.last_used ? moment(key.last_used) : "never"}</td>
                <td>{key.expires ? moment(key.expires) : "never"}</td>
                <td>
                  <button class="danger" onClick={() => setRevoking(key)} aria-label={`Revoke ${key.name}`}>
                    Revoke
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {made && <Made made={made} close={() => setMade(null)} />}
      {revoking && (
        <Dialog title={`Revoke ${revoking.name}?`} close={() => setRevoking(null)}>
          <p>Whoever uses it is signed out at once. It cannot be brought back.</p>
          <div class="row">
            <button class="danger" onClick={() => (setRevoking(null), void revoke(revoking))}>
              Revoke it
            </button>
            <button onClick={() => setRevoking(null)}>Keep it</button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function NewKey({ made }: { made(key: { name: string; key: string }): void }) {
  const { http, failed } = useShell();
  const [name, setName] = useState("");
  const [rights, setRights] = useState("write");
  const [days, setDays] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const expires = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : null;
    try {
      made(await http.json("POST", "/v1/keys", { name: name.trim(), scopes: RIGHTS[rights]?.scopes, expires }));
      setName("");
    } catch (error) {
      failed(error);
    }
  };
  return (
    <form class="row card new-key" onSubmit={submit}>
      <label class="stack grow">
        For whom
        <input required maxLength={100} placeholder="Ada, or upload script" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="stack">
        May
        <select value={rights} onChange={(event) => setRights(event.currentTarget.value)}>
          {Object.entries(RIGHTS).map(([id, { words }]) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label class="stack">
        Ends
        <select value={days} onChange={(event) => setDays(event.currentTarget.value)}>
          <option value="">never</option>
          <option value="1">in a day</option>
          <option value="30">in 30 days</option>
          <option value="365">in a year</option>
        </select>
      </label>
      <button class="primary at-end">Make a key</button>
    </form>
  );
}

function Made({ made, close }: { made: { name: string; key: string }; close(): void }) {
  const [words, setWords] = useState("");
  const link = `${location.origin}/#key=${made.key}`;
  return (
    <Dialog title={`The key of ${made.name}`} close={close}>
      <div class="stack">
        <p>It is shown this once. Whoever opens this address is signed in:</p>
        <input id="made-key" readOnly value={link} aria-label="Address with the key" onFocus={(event) => event.currentTarget.select()} />
        <div class="row">
          <button
            class="primary"
            onClick={() =>
              void copy(link, document.querySelector("#made-key")).then((done) => setWords(done ? "Copied" : "Copy it by hand"))
            }
          >
            Copy
          </button>
          <span role="status">{words}</span>
        </div>
      </div>
    </Dialog>
  );
}
