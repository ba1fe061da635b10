/** A workbench, once its part of the page has been loaded; what breaks in it leaves the rest standing. */

import type { ComponentType } from "preact";
import { useCallback, useEffect, useErrorBoundary, useState } from "preact/hooks";
import { wordsOf } from "../common/http";
import type { Route } from "../common/router";
import { Failed, Loading } from "../common/states";
import type { Workbench } from "./workbenches";

export function Place({ workbench, route }: { workbench: Workbench; route: Route }) {
  const [Loaded, setLoaded] = useState<ComponentType<{ route: Route }> | null>(null);
  const [why, setWhy] = useState("");
  const [broken, mend] = useErrorBoundary((error: unknown) => console.error(error));
  const load = useCallback(() => {
    setWhy("");
    workbench.load().then(
      (found) => setLoaded(() => found.default),
      // After an upgrade the parts have other names than this page knows.
      () => setWhy("This part of the page could not be loaded. Reload the page, for Darkroom may have been upgraded."),
    );
  }, [workbench]);
  useEffect(load, [load]);
  if (broken) {
    return (
      <Failed why={`Something in ${workbench.title} broke: ${wordsOf(broken)}`} retry={mend}>
        <p class="quiet">What was sent is kept. If it happens again, reload the page.</p>
      </Failed>
    );
  }
  if (why) return <Failed why={why} retry={load} />;
  return Loaded ? <Loaded route={route} /> : <Loading what={`Opening ${workbench.title}`} />;
}
