import { useRef, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { addressOfView } from "./address";
import type { Api } from "./api";
import { copy } from "../common/download";
import { count, moment } from "../common/format";
import { wordsOf } from "../common/http";
import type { Link } from "./model";

interface Props {
  api: Api;
  names: string[];
  close(): void;
}

export function ShareDialog({ api, names, close }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [days, setDays] = useState("7");
  const [password, setPassword] = useState("");
  const [title, setTitle] = useState("");
  const [link, setLink] = useState<Link | null>(null);
  const [words, setWords] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const made = await api.share(names, title.trim(), Number(days), password);
      setLink(made);
      setWords((await copy(made.url, null)) ? "Copied" : "");
    } catch (error) {
      setWords(wordsOf(error));
    }
  };
  return (
    <Dialog title={`Share ${names.length === 1 ? names[0] : count(names.length, "image")}`} close={close}>
      {link ? (
        <div class="stack">
          <label for="link">Whoever has this address sees {names.length === 1 ? "it" : "them"} until {moment(link.expires_at)}</label>
          <input id="link" ref={field} readOnly value={link.url} onFocus={(event) => event.currentTarget.select()} />
          <div class="row">
            <button
              class="primary"
              onClick={() => void copy(link.url, field.current).then((done) => setWords(done ? "Copied" : "Copy it by hand"))}
            >
              Copy
            </button>
            <button onClick={() => close()}>Done</button>
            <a href={addressOfView("links")} onClick={() => close()}>
              All links
            </a>
            <span role="status">{words}</span>
          </div>
        </div>
      ) : (
        <form class="stack" onSubmit={submit}>
          <label for="days">Ends after</label>
          <select id="days" value={days} onChange={(event) => setDays(event.currentTarget.value)}>
            <option value="1">a day</option>
            <option value="7">a week</option>
            <option value="30">30 days</option>
            <option value="365">a year</option>
          </select>
          <label for="title">Title (optional)</label>
          <input id="title" maxLength={200} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
          <label for="password">Password (optional)</label>
          <input
            id="password"
            type="password"
            autocomplete="new-password"
            minLength={4}
            maxLength={200}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
          <div class="row">
            <button class="primary">Make the link</button>
            <button type="button" onClick={() => close()}>
              Cancel
            </button>
            <span role="alert" class="wrong">
              {words}
            </span>
          </div>
        </form>
      )}
    </Dialog>
  );
}
