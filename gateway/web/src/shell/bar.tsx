import { Icon } from "../common/icons";
import type { LiveState } from "../common/live";
import { Menu } from "../common/menu";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { JobsTray } from "./jobs_tray";
import { ThemeChoice } from "./theme";
import type { Workbench } from "./workbenches";

interface Props {
  workbenches: readonly Workbench[];
  id: string;
  help(): void;
  elsewhere(): void;
  signOut(): void;
}

const STATES: Record<LiveState, string> = {
  connecting: "Connecting …",
  live: "Live: changes show at once",
  away: "Not connected; trying again",
};

export function Bar({ workbenches, id, help, elsewhere, signOut }: Props) {
  const { live, session } = useShell();
  const state = useStore(live.state);
  return (
    <header class="bar">
      <a class="brand" href="#/" aria-label="Darkroom, to the start">
        <img src="/icon.svg" alt="" width="28" height="28" /> <span>Darkroom</span>
      </a>
      <nav class="tabs" aria-label="Workbenches">
        {workbenches.map((one) => (
          <a key={one.id} href={`#/${one.id}`} aria-current={one.id === id ? "page" : undefined}>
            <Icon name={one.icon} />
            <span>{one.title}</span>
          </a>
        ))}
      </nav>
      <div class="bar-end">
        <span class={`live ${state}`} role="status" title={STATES[state]}>
          <span class="dot" />
          <span class={state === "away" ? "live-words" : "unseen"}>{STATES[state]}</span>
        </span>
        <JobsTray />
        <button class="plain icon" aria-label="Shortcuts" title="Shortcuts ( ? )" onClick={help}>
          <Icon name="help" />
        </button>
        <Menu label="More" face={<Icon name="more" />} class="to-left">
          {(close) => (
            <>
              <p class="quiet">
                Signed in as <strong>{session.name}</strong>
              </p>
              <ThemeChoice />
              {session.scopes.includes("admin") && (
                <a class="item" href="#/keys" onClick={close}>
                  Keys and people
                </a>
              )}
              <button class="item" onClick={() => (close(), elsewhere())}>
                Open on another device
              </button>
              <a class="item" href="/docs">
                API documents
              </a>
              <button class="item" onClick={signOut}>
                Sign out
              </button>
            </>
          )}
        </Menu>
      </div>
    </header>
  );
}
