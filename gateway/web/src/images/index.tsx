import type { Route } from "../common/router";
import { GalleryPage } from "./gallery_page";
import "./style/grid.css";
import "./style/panels.css";
import "./style/viewer.css";

/** The workbench of images. */
export default function Images({ route }: { route: Route }) {
  return <GalleryPage route={route} />;
}
