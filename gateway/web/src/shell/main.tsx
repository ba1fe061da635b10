import { render } from "preact";
import "../common/style.css";
import { App } from "./app";
import { applyTheme } from "./theme";

applyTheme();
const place = document.getElementById("app");
if (place) render(<App />, place);
