/** Who comes in, and what is shown: the sign-in, or the gallery. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { Api, Refusal } from "./api";
import { GalleryPage } from "./gallery_page";
import { takeKey } from "./key";
import { EVERYTHING } from "./model";
import { SignIn } from "./sign_in";

const api = new Api();
const key = takeKey(location, (address) => history.replaceState(null, "", address));

type Phase = { at: "starting" } | { at: "outside"; why: string } | { at: "inside" };

export function App() {
  const [phase, setPhase] = useState<Phase>({ at: "starting" });
  const enter = useCallback(async (with_key: string | null) => {
    try {
      if (with_key) await api.signIn(with_key);
      await api.images(EVERYTHING, null);
      setPhase({ at: "inside" });
    } catch (error) {
      setPhase({ at: "outside", why: reason(error, with_key !== null) });
    }
  }, []);
  useEffect(() => void enter(key), [enter]);
  const leave = useCallback((why = "") => setPhase({ at: "outside", why }), []);

  if (phase.at === "starting") return <p class="centre">Opening …</p>;
  if (phase.at === "outside") return <SignIn why={phase.why} enter={enter} />;
  return <GalleryPage api={api} leave={leave} />;
}

/** Nothing to say to someone who has only not signed in yet. */
function reason(error: unknown, tried: boolean): string {
  if (!(error instanceof Refusal)) return String(error);
  if (error.status === 401) return tried ? "This key is not known here, or was revoked." : "";
  return error.message;
}
