import type { Route } from "../common/router";
import { Empty } from "../common/states";

/** The workbench of tagging. */
export default function Tagging({ route }: { route: Route }) {
  void route;
  return <Empty title="Tagging" />;
}
