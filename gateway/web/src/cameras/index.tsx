import type { Route } from "../common/router";
import { Empty } from "../common/states";

/** The workbench of cameras. */
export default function Cameras({ route }: { route: Route }) {
  void route;
  return (
    <Empty title="Cameras">
      <p class="quiet">This workbench is not here yet. Its calls are: see the API documents.</p>
    </Empty>
  );
}
