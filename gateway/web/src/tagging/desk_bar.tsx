import { useState } from "preact/hooks";
import { Icon } from "../common/icons";
import { Menu } from "../common/menu";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { ConflictDialog } from "./conflict_dialog";
import { History } from "./history";
import { KeysDialog } from "./keys_dialog";
import type { Action, Choices } from "./keymap";
import { DATASETS } from "./model";
import { SettingsDialog } from "./settings_dialog";
import { SyncSign } from "./sync_sign";
import type { Saving } from "./use_save";
import type { Work } from "./work";

interface Props {
  work: Work;
  isGrid: boolean;
  toggle(): void;
  filtering: boolean;
  setFiltering(on: boolean): void;
  actions: Record<Action, () => void>;
  saving: Saving;
  choices: Choices;
  setChoices(choices: Choices): void;
}

type Open = "" | "settings" | "keys" | "history";

export function DeskBar({ work, isGrid, toggle, filtering, setFiltering, actions, saving, choices, setChoices }: Props) {
  const { session } = useShell();
  const dataset = useStore(work.dataset);
  useStore(work.turn);
  const [open, setOpen] = useState<Open>("");
  const close = () => setOpen("");
  const mayWrite = session.scopes.includes("write");
  const csv = `${DATASETS}/${work.id}/export.csv`;
  return (
    <div class="toolbar tg-bar">
      <a class="button plain icon" href="#/tagging" aria-label="All datasets">
        ‹
      </a>
      <h1 class="tg-name" title={dataset.name}>
        {dataset.name}
      </h1>
      <SyncSign work={work} />
      {!mayWrite && <span class="tg-chip">looking only</span>}
      <span class="grow" />
      <button aria-pressed={filtering} onClick={() => setFiltering(!filtering)}>
        Filter
      </button>
      <button class="icon" aria-pressed={isGrid} aria-label="Grid" title="Grid or single frame ( G )" onClick={toggle}>
        <Icon name={isGrid ? "frame" : "grid"} />
      </button>
      {!isGrid && (
        <>
          <button class="icon" aria-label="Fit the pictures" title="Fit ( X )" onClick={actions.fit}>
            <Icon name="fit" />
          </button>
          <button class="icon" aria-label="Rotate" title="Rotate ( R )" onClick={actions.rotate}>
            <Icon name="rotate" />
          </button>
        </>
      )}
      <button class="icon" aria-label="Undo" title="Undo ( Ctrl Z )" disabled={!work.deeds.canUndo} onClick={actions.undo}>
        <Icon name="undo" />
      </button>
      <button class="icon" aria-label="Redo" title="Redo ( Ctrl ⇧ Z )" disabled={!work.deeds.canRedo} onClick={actions.redo}>
        <Icon name="redo" />
      </button>
      <button class="primary" disabled={saving.busy || !mayWrite} onClick={actions.save} title="Save the CSV ( S )">
        {saving.busy ? "Saving …" : "Save"}
      </button>
      <Menu label="More of this dataset" face={<Icon name="more" />} class="to-left">
        {(shut) => {
          const show = (what: Open) => () => (shut(), setOpen(what));
          return (
            <>
              <button class="item" onClick={show("settings")}>
                Settings and autosave
              </button>
              <button class="item" onClick={show("keys")}>
                Change keys
              </button>
              <button class="item" onClick={show("history")}>
                History
              </button>
              <a class="item" href={csv} download onClick={shut}>
                Export CSV
              </a>
              <a class="item" href={`${csv}?columns=tags`} download onClick={shut}>
                Export tag columns alone
              </a>
              <a class="item" href={`${csv}?spreadsheet=true`} download onClick={shut}>
                Export for a spreadsheet
              </a>
            </>
          );
        }}
      </Menu>
      {open === "settings" && <SettingsDialog work={work} close={close} />}
      {open === "keys" && <KeysDialog work={work} choices={choices} setChoices={setChoices} close={close} />}
      {open === "history" && <History work={work} close={close} />}
      {saving.conflict && <ConflictDialog saving={saving} path={dataset.csv_path} />}
    </div>
  );
}
