import type { Route } from "../common/router";
import { viewOf } from "./address";
import { GalleryPage } from "./gallery_page";
import { LinksPage } from "./links_page";
import { TrashPage } from "./trash_page";
import "./style/grid.css";
import "./style/panels.css";
import "./style/viewer.css";
import "./style/sheets.css";

/** The workbench of images: `#/images` is the gallery, `#/images/<name>` one large, `?view=trash` and `?view=links`. */
export default function Images({ route }: { route: Route }) {
  const view = viewOf(route);
  if (view === "trash") return <TrashPage />;
  if (view === "links") return <LinksPage />;
  return <GalleryPage route={route} />;
}
