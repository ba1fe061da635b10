import type { Route } from "../common/router";
import { Empty } from "../common/states";

/** The workbench of processing. */
export default function Processing({ route }: { route: Route }) {
  void route;
  return (
    <Empty title="Processing">
      <p class="quiet">This workbench is not here yet. Its calls are: see the API documents.</p>
    </Empty>
  );
}
