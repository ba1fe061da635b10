/** How full a card is. */

import { bytes } from "../common/format";
import type { CardState } from "./model";

export function Gauge({ card }: { card: CardState }) {
  const part = card.size > 0 ? card.used / card.size : 0;
  const words = `${bytes(card.used)} of ${bytes(card.size)} used, ${bytes(card.available)} free`;
  return (
    <span class="cam-gauge-row">
      <meter class="cam-gauge" min={0} max={1} high={0.85} optimum={0.1} value={part} aria-label={words} title={words} />
      <span class="quiet">{words}</span>
    </span>
  );
}
