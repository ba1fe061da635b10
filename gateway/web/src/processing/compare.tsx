/** Original and result: with a slider between them, or side by side; zoom and pan are of both. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../common/icons";
import { keep, recall } from "../common/kept";
import { useKeys } from "../common/keys";
import { HistogramView } from "./histogram_view";
import { usePane } from "./pane";
import { type View, WHOLE, transform, zoomed } from "./zoom";

export const MODES = { slider: "Slider", side: "Side by side", result: "Result" } as const;
export type Mode = keyof typeof MODES;

interface Props {
  name: string;
  before: Picture | null;
  after: Picture | null;
  busy?: boolean;
  /** Another image: looked at as a whole at first. */
  id: string;
}

export interface Picture {
  url: string;
  blob: Blob;
}

export function Compare({ name, before, after, busy = false, id }: Props) {
  const [mode, setMode] = useState<Mode>(recall<Mode>("compare", "slider"));
  const [view, setView] = useState<View>(WHOLE);
  const choose = (chosen: Mode) => {
    setMode(chosen);
    keep("compare", chosen);
  };
  useEffect(() => setView(WHOLE), [id]);
  const group = "Comparing";
  useKeys([
    { keys: ["b"], title: "Slider between original and result", group, run: () => choose("slider") },
    { keys: ["n"], title: "Original and result side by side", group, run: () => choose("side") },
    { keys: ["m"], title: "Result alone", group, run: () => choose("result") },
    { keys: ["+", "="], title: "Zoom in", group, run: () => setView((now) => zoomed(now, 1.5)) },
    { keys: ["-"], title: "Zoom out", group, run: () => setView((now) => zoomed(now, 1 / 1.5)) },
    { keys: ["0"], title: "The whole image", group, run: () => setView(WHOLE) },
  ]);
  return (
    <section class="proc-compare" aria-label={`${name}: original and result`} aria-busy={busy}>
      <div class="proc-compare-bar">
        <div class="proc-segments" role="group" aria-label="How to compare">
          {Object.entries(MODES).map(([one, words]) => (
            <button key={one} aria-pressed={mode === one} onClick={() => choose(one as Mode)}>
              {words}
            </button>
          ))}
        </div>
        <span class="grow" />
        <button class="icon proc-zoom" aria-label="Zoom out" title="Zoom out ( - )" onClick={() => setView(zoomed(view, 1 / 1.5))}>
          −
        </button>
        <span class="proc-scale proc-zoom" role="status" aria-label="Zoom">{`${Math.round(view.scale * 100)} %`}</span>
        <button class="icon proc-zoom" aria-label="Zoom in" title="Zoom in ( + )" onClick={() => setView(zoomed(view, 1.5))}>
          +
        </button>
        <button class="icon" aria-label="The whole image" title="The whole image ( 0 )" onClick={() => setView(WHOLE)}>
          <Icon name="fit" />
        </button>
      </div>
      <Stage mode={mode} view={view} setView={setView} before={before} after={after} name={name} busy={busy} />
      <div class="proc-histograms">
        <HistogramView title="Original" blob={before?.blob ?? null} />
        <HistogramView title="Result" blob={after?.blob ?? null} />
      </div>
    </section>
  );
}

interface StageProps extends Pick<Props, "name" | "before" | "after"> {
  mode: Mode;
  view: View;
  setView(change: (view: View) => View): void;
  busy: boolean;
}

function Stage({ mode, view, setView, before, after, name, busy }: StageProps) {
  const [edge, setEdge] = useState(50);
  const stage = useRef<HTMLDivElement>(null);
  usePane(stage, setView);
  const style = { transform: transform(view) };
  const original = before && <img src={before.url} alt={`${name}, original`} style={style} draggable={false} />;
  const result = after && <img src={after.url} alt={`${name}, result`} style={style} draggable={false} />;
  return (
    <div ref={stage} class={`proc-stage ${mode} ${view.scale > 1 ? "zoomed" : ""}`}>
      {mode === "side" && <Pane words="Original">{original}</Pane>}
      {mode === "slider" ? (
        <Pane words="">
          {original}
          <div class="proc-over" style={{ clipPath: `inset(0 0 0 ${edge}%)` }}>
            {result}
          </div>
          {before && after && <Divider edge={edge} setEdge={setEdge} stage={stage} />}
          <span class="proc-corner left">Original</span>
          <span class="proc-corner right">Result</span>
        </Pane>
      ) : (
        <Pane words="Result">{result}</Pane>
      )}
      {busy && <span class="proc-busy spinner" role="status" aria-label="The preview is being made" />}
    </div>
  );
}

function Pane({ words, children }: { words: string; children: preact.ComponentChildren }) {
  return (
    <div class="proc-pane">
      {children}
      {words && <span class="proc-corner left">{words}</span>}
    </div>
  );
}

interface DividerProps {
  edge: number;
  setEdge(edge: number): void;
  stage: { current: HTMLElement | null };
}

function Divider({ edge, setEdge, stage }: DividerProps) {
  const bound = (at: number) => Math.max(0, Math.min(100, at));
  const keyed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -2, ArrowRight: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setEdge(bound(edge + step));
  };
  return (
    <div
      class="proc-divider"
      style={{ left: `${edge}%` }}
      role="slider"
      tabIndex={0}
      aria-label="Edge between original and result"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(edge)}
      aria-valuetext={`${Math.round(edge)} % original`}
      onKeyDown={keyed}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const box = stage.current?.getBoundingClientRect();
        if (box && event.currentTarget.hasPointerCapture(event.pointerId)) setEdge(bound(((event.clientX - box.left) / box.width) * 100));
      }}
    >
      <span class="proc-knob">⇔</span>
    </div>
  );
}
