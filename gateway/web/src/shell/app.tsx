/** Who comes in, and what is shown: the sign-in, or the workbenches. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Http, Refusal, wordsOf } from "../common/http";
import { Live, type Socket, socketAddress } from "../common/live";
import { type Session, type Shell, ShellContext } from "../common/shell";
import { ToastList, Toasts } from "../common/toasts";
import { Frame } from "./frame";
import { takeKey } from "./key";
import { onOtherTab, tellOtherTabs } from "./other_tabs";
import { SignIn } from "./sign_in";
import { sendUnsent } from "./unsent";

const http = new Http();
const live = new Live(() => new WebSocket(socketAddress(location)) as unknown as Socket);
const toasts = new Toasts();
const key = takeKey(location, (address) => history.replaceState(null, "", address));

const UNMOUNTED_MS = 50; // after which nothing that was shown asks for anything any more

type Phase =
  | { at: "starting" }
  | { at: "leaving" }
  | { at: "outside"; why: string }
  | { at: "inside"; session: Session; services: ReadonlySet<string> };

export function App() {
  const [phase, setPhase] = useState<Phase>({ at: "starting" });
  const enter = useCallback(async (with_key: string | null) => {
    try {
      if (with_key) {
        await http.json("POST", "/v1/session", { key: with_key });
        tellOtherTabs();
      }
      const [session, services] = await Promise.all([http.get<Session>("/v1/session"), behind()]);
      http.who = session.name;
      setPhase((before) => (isSame(before, session) ? before : { at: "inside", session, services }));
    } catch (error) {
      http.who = null;
      setPhase({ at: "outside", why: reason(error, with_key !== null) });
    }
  }, []);
  useEffect(() => void enter(key), [enter]);
  useEffect(() => onOtherTab(() => void enter(null)), [enter]);
  const leave = useCallback((why = "") => {
    http.who = null;
    setPhase({ at: "outside", why });
  }, []);
  const signOut = useCallback(async () => {
    setPhase({ at: "leaving" });
    await new Promise((resolve) => setTimeout(resolve, UNMOUNTED_MS));
    window.stop(); // pictures that are still on their way would come too late to be let in
    try {
      await http.call("DELETE", "/v1/session");
      tellOtherTabs();
      leave();
    } catch (error) {
      toasts.say({ text: wordsOf(error), kind: "wrong" });
      await enter(null);
    }
  }, [enter, leave]);
  useLive(phase.at === "inside" ? phase.session.name : null, leave);

  if (phase.at === "leaving") return <p class="centre quiet">Signing out …</p>;
  if (phase.at === "starting") return <p class="centre quiet">Opening …</p>;
  if (phase.at === "outside") return <SignIn why={phase.why} enter={enter} />;
  return <Inside phase={phase} leave={leave} signOut={signOut} />;
}

/** Another tab may have said that somebody signed in who is in here already: nothing is to be shown anew then. */
function isSame(phase: Phase, session: Session): boolean {
  return phase.at === "inside" && JSON.stringify(phase.session) === JSON.stringify(session);
}

interface InsideProps {
  phase: Phase & { at: "inside" };
  leave(why?: string): void;
  signOut(): void;
}

function Inside({ phase, leave, signOut }: InsideProps) {
  const shell = useMemo((): Shell => {
    const failed = (error: unknown) => {
      if (error instanceof Refusal && error.status === 401) leave("Your session has ended; sign in again.");
      else toasts.say({ text: wordsOf(error), kind: "wrong" });
    };
    return { http, live, session: phase.session, services: phase.services, say: (toast) => toasts.say(toast), failed };
  }, [phase, leave]);
  return (
    <ShellContext.Provider value={shell}>
      <Frame key={phase.session.name} signOut={signOut} />
      <ToastList toasts={toasts} />
    </ShellContext.Provider>
  );
}

/**
 * Listens while somebody is in, and anew for somebody else. A socket that is refused says nothing of why: a call does,
 * when the session has ended.
 */
function useLive(who: string | null, leave: (why: string) => void): void {
  useEffect(() => {
    if (who === null) return;
    live.start();
    sendUnsent(http);
    const stop = live.state.watch((state) => {
      if (state !== "away") return;
      http.get("/v1/session").catch((error) => {
        if (error instanceof Refusal && error.status === 401) leave("Your session has ended; sign in again.");
      });
    });
    return () => {
      stop();
      live.stop();
    };
  }, [who, leave]);
}

/** The services that the gateway has, as its page of documents lists them. */
async function behind(): Promise<ReadonlySet<string>> {
  const listed = await http.get<{ name: string; url: string }[]>("/docs/documents.json");
  return new Set(listed.filter((one) => one.url.startsWith("/api/")).map((one) => one.name));
}

/** Nothing to say to someone who has only not signed in yet. */
function reason(error: unknown, tried: boolean): string {
  if (!(error instanceof Refusal)) return String(error);
  if (error.code === "invalid_code") return "This sign-in code was used already, or is past its end: make another one.";
  if (error.status === 401) return tried ? "This key is not known here, or was revoked." : "";
  return error.message;
}
