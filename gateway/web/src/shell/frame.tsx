/** What is around every workbench: the bar, the way among them, and the keys. */

import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { KeyHelp } from "../common/key_help";
import { press, useKeys } from "../common/keys";
import { go, useRoute } from "../common/router";
import { useShell } from "../common/shell";
import { Empty } from "../common/states";
import { Bar } from "./bar";
import { KeysPage } from "./keys_page";
import { Place } from "./place";
import { WORKBENCHES } from "./workbenches";

export function Frame({ signOut }: { signOut(): void }) {
  const { services, session, say } = useShell();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const [Elsewhere, setElsewhere] = useState<ComponentType<{ close(): void }> | null>(null);
  const elsewhere = () =>
    void import("./open_elsewhere").then(
      (found) => setElsewhere(() => found.default),
      () => say({ text: "This part of the page could not be loaded. Reload the page.", kind: "wrong" }),
    );
  const main = useRef<HTMLElement>(null);
  const here = WORKBENCHES.filter((one) => services.has(one.service));
  const id = route.path[0] ?? here[0]?.id ?? "";
  const workbench = here.find((one) => one.id === id);
  useEffect(() => {
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  useKeys([
    { keys: ["?"], title: "Show these keys", run: () => setHelp(true) },
    ...here.map((one, place) => ({
      keys: [`alt+${place + 1}`],
      title: one.title,
      run: () => go(`#/${one.id}`),
    })),
  ]);
  useFocusOnChange(main, id);
  useEffect(() => {
    const title = workbench?.title ?? (id === "keys" ? "Keys" : "");
    document.title = title ? `${title} · Darkroom` : "Darkroom";
  }, [id]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Bar workbenches={here} id={id} help={() => setHelp(true)} elsewhere={elsewhere} signOut={signOut} />
      <main id="main" ref={main} tabIndex={-1}>
        {workbench ? (
          <Place key={workbench.id} workbench={workbench} route={route} />
        ) : id === "keys" && session.scopes.includes("admin") ? (
          <KeysPage />
        ) : (
          <Empty title="There is nothing at this address">
            <p class="quiet">It may belong to a service that does not run here. The bar above leads to all that does.</p>
          </Empty>
        )}
      </main>
      {Elsewhere && <Elsewhere close={() => setElsewhere(null)} />}
      {help && <KeyHelp close={() => setHelp(false)} />}
    </>
  );
}

/** Another workbench: whoever reads with the keyboard or by ear goes on from its beginning. */
function useFocusOnChange(main: { current: HTMLElement | null }, id: string): void {
  const last = useRef(id);
  useEffect(() => {
    if (last.current !== id) main.current?.focus({ preventScroll: true });
    last.current = id;
    scrollTo(0, 0);
  }, [id]);
}
