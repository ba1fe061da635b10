/** Light, dark, or as the system has it. */

import { useState } from "preact/hooks";
import { keep, recall } from "../common/kept";

const THEMES = { system: "As the system", light: "Light", dark: "Dark" } as const;
type Theme = keyof typeof THEMES;

export function applyTheme(theme: Theme = recall<Theme>("theme", "system")): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(recall<Theme>("theme", "system"));
  return (
    <label class="item">
      Colours{" "}
      <select
        value={theme}
        onChange={(event) => {
          const chosen = event.currentTarget.value as Theme;
          setTheme(chosen);
          keep("theme", chosen);
          applyTheme(chosen);
        }}
      >
        {Object.entries(THEMES).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
