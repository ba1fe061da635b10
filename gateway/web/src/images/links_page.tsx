/** Share links: what each shows, until when, and its end. */

import { useMemo } from "preact/hooks";
import { copy } from "../common/download";
import { count, moment } from "../common/format";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { Api } from "./api";
import type { Link } from "./model";
import { Head } from "./trash_page";
import { usePages } from "./use_pages";

const STATES = { open: "open", expired: "has ended", revoked: "revoked" } as const;

export function LinksPage() {
  const { http } = useShell();
  const api = useMemo(() => new Api(http), [http]);
  const links = usePages<Link>((cursor, signal) => api.links(cursor, signal), ["imagestore.link.*"]);
  return (
    <div class="sheet im-sheet">
      <Head title="Share links" />
      {links.why && !links.items && <Failed why={links.why} retry={links.reload} />}
      {!links.items && !links.why && <Loading />}
      {links.items?.length === 0 && (
        <Empty title="Nothing is shared">
          <p class="quiet">Open an image, or select some, and press Share. Whoever has the link sees them without a key.</p>
        </Empty>
      )}
      <ul class="im-rows">
        {links.items?.map((link) => (
          <Row key={link.id} api={api} link={link} reload={links.reload} />
        ))}
      </ul>
      {links.more && <button onClick={links.more}>Show more</button>}
    </div>
  );
}

function Row({ api, link, reload }: { api: Api; link: Link; reload(): void }) {
  const { session, say, failed } = useShell();
  const isOpen = link.state === "open";
  const named = link.title || link.names[0] || "Its images are gone";
  return (
    <li class={isOpen ? "" : "im-ended"}>
      <div class="im-row-words">
        <strong>{named}</strong>
        <span class="quiet">
          {count(link.names.length, "image")}
          {link.has_password && ", behind a password"}, made {moment(link.created_at)}
        </span>
        <span class={isOpen ? "im-open-link" : "quiet"}>{isOpen ? `Open until ${moment(link.expires_at)}` : `This link ${STATES[link.state] === "revoked" ? "was revoked" : STATES[link.state]}`}</span>
      </div>
      {isOpen && (
        <div class="row">
          <button aria-label={`Copy the link to ${named}`} onClick={() => void copy(link.url, null).then((done) => say(done ? "Link copied" : link.url))}>
            Copy
          </button>
          <a class="button" href={link.url} target="_blank" rel="noreferrer" aria-label={`Open the link to ${named}`}>
            Open
          </a>
          {session.scopes.includes("write") && (
            <button
              class="danger"
              aria-label={`Revoke the link to ${named}`}
              onClick={() => void api.revoke(link.id).then(() => (say("The link is revoked: it opens nothing any more"), reload()), failed)}
            >
              Revoke
            </button>
          )}
        </div>
      )}
    </li>
  );
}
