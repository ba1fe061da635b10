/** The workbench of cameras: which there are, and what is on their cards. */

import type { Route } from "../common/router";
import { CameraList } from "./camera_list";
import { CameraPage } from "./camera_page";
import "./style/cameras.css";

/** `#/cameras`, `#/cameras/ID?date=2026-11-20&hour=13&view=quality&clip=ID`. */
export default function Cameras({ route }: { route: Route }) {
  const id = route.path[1];
  return id === undefined ? <CameraList /> : <CameraPage key={id.toLowerCase()} id={id.toLowerCase()} query={route.query} />;
}
