/** The pictures. One of them is in the tab order; the arrow keys move among them. */

import { useCallback } from "preact/hooks";
import { bytes } from "../common/format";
import { type TileProps, VirtualGrid } from "../common/virtual_grid";
import { renditionPath } from "./api";
import type { Chosen } from "./chosen";
import type { Collection } from "./collection";
import type { Image } from "./model";
import { Thumb } from "./thumb";

const EDGE = 320;

interface Props {
  collection: Collection;
  chosen: Chosen;
  goal: { item: number } | null;
  open(name: string): void;
  toggle(place: number, name: string): void;
  /** All from the one that was selected last to this one. */
  reach(place: number): void;
  keyed(event: KeyboardEvent, place: number): void;
}

export function Grid({ collection, chosen, goal, open, toggle, reach, keyed }: Props) {
  const seen = useCallback((first: number, last: number) => collection.seen(first, last), [collection]);
  return (
    <div class="im-grid">
      <VirtualGrid
        count={collection.total}
        label="Images"
        least={collection.total ? 164 : 1}
        gap={12}
        extra={28}
        busy={collection.status === "loading"}
        goal={goal}
        seen={seen}
        reach={reach}
        keyed={keyed}
        tile={(place, props) => {
          const image = collection.at(place);
          return (
            <Tile
              image={image}
              selected={image !== undefined && chosen.names.has(image.name)}
              props={props}
              open={() => image && open(image.name)}
              toggle={(far) => image && (far ? reach(place) : toggle(place, image.name))}
            />
          );
        }}
      />
    </div>
  );
}

interface TileParts {
  /** Undefined until it is loaded. The button is the same one before and after: it may have the keyboard. */
  image: Image | undefined;
  selected: boolean;
  props: TileProps;
  open(): void;
  toggle(far: boolean): void;
}

function Tile({ image, selected, props, open, toggle }: TileParts) {
  const about = image ? `${image.name}, ${image.width} × ${image.height}, ${bytes(image.size)}` : "Loading";
  return (
    <div class={selected ? "im-tile selected" : "im-tile"}>
      <button
        {...props}
        class="im-open"
        data-name={image?.name}
        aria-label={selected ? `${about}, selected` : about}
        onClick={(event) => (event.shiftKey || event.ctrlKey || event.metaKey ? toggle(event.shiftKey) : open())}
      >
        {image ? <Thumb url={renditionPath(image, EDGE, "cover")} edge={EDGE} /> : <span class="im-picture" />}
      </button>
      {image && (
        <>
          <input
            type="checkbox"
            aria-label={`Select ${image.name}`}
            tabIndex={-1}
            checked={selected}
            onClick={(event) => toggle(event.shiftKey)}
          />
          <p class="im-name" title={image.name}>
            {image.name}
          </p>
        </>
      )}
    </div>
  );
}
