/** What `?` shows: every key that does something here, in groups. */

import type { ComponentChildren } from "preact";
import { Dialog } from "./dialog";
import { type Binding, bound, shownKey } from "./keys";

export function KeyHelp({ close, children }: { close(): void; children?: ComponentChildren }) {
  const groups = new Map<string, Binding[]>();
  for (const { current } of bound.get()) {
    for (const one of current) {
      const group = one.group ?? "Everywhere";
      groups.set(group, [...(groups.get(group) ?? []), one]);
    }
  }
  return (
    <Dialog title="Keys" close={close} wide>
      <div class="key-groups">
        {[...groups].map(([group, bindings]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="key-list">
              {bindings.map((one) => (
                <div key={one.title}>
                  <dt>{one.keys.map((key) => <Kbd key={key} name={key} />)}</dt>
                  <dd>{one.title}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      {children}
    </Dialog>
  );
}

export function Kbd({ name }: { name: string }) {
  return <kbd>{shownKey(name)}</kbd>;
}
