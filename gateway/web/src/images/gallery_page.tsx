/** The gallery: search, upload, select, open. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../common/format";
import { useKeys } from "../common/keys";
import { type Route, go, replace } from "../common/router";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { addressOf, queryOf } from "./address";
import { Api } from "./api";
import { AT_MOST, type Chosen, NONE, joined, reach, renamed, toggled, without } from "./chosen";
import type { Collection } from "./collection";
import { type Given, useFiles } from "./files";
import { Grid } from "./grid";
import { EVERYTHING, type Query } from "./model";
import { Selection } from "./selection";
import { ShareDialog } from "./share_dialog";
import { Toolbar } from "./toolbar";
import { UploadList } from "./upload_list";
import { forgetLost, lost, uploadsBy } from "./upload_hold";
import { useCollection } from "./use_collection";
import { useOpened } from "./use_opened";
import { useWork } from "./use_work";
import { Viewer } from "./viewer";

export function GalleryPage({ route }: { route: Route }) {
  const { http, live, session, say, failed } = useShell();
  const api = useMemo(() => new Api(http), [http]);
  const mayWrite = session.scopes.includes("write");
  const query = queryOf(route);
  const [chosen, setChosen] = useState<Chosen>(NONE);
  const collection = useCollection(api, query, (event) => {
    const name = String(event.data["name"]);
    const former = event.data["earlier_name"];
    if (event.type.endsWith(".deleted")) setChosen((now) => without(now, name));
    if (typeof former === "string") setChosen((now) => renamed(now, former, name));
  });
  const name = route.path[1] ?? null;
  const { opened, missing } = useOpened(api, collection, name);
  const [goal, setGoal] = useState<{ item: number } | null>(null);
  const [sharing, setSharing] = useState<string[] | null>(null);
  const work = useWork();

  const take = ({ files, leftOut }: Given) => {
    if (!mayWrite) return say({ text: "Your key may look, and not upload", kind: "wrong" });
    if (leftOut) say(`${count(leftOut, "file")} left out: no images`);
    if (files.length >= lost.get()) forgetLost();
    if (files.length) uploadsBy(http).add(files);
  };
  const dropping = useFiles(take);
  useEffect(() => live.state.watch((state) => state === "live" && uploadsBy(http).wake()), [live, http]);

  /** `shown` stays large: what was typed is asked a moment later, and somebody may have opened one by then. */
  const wanted = (next: Query, shown: string | null = null) => {
    scrollTo(0, 0);
    setChosen(NONE);
    void collection.ask(next);
    replace(addressOf(next, shown));
  };
  const asked = addressOf(query);
  useEffect(() => {
    // The back button, or a link to another search.
    if (asked === addressOf(collection.query)) return;
    setChosen(NONE);
    void collection.ask(query);
  }, [asked]);

  const isInHistory = useRef(false);
  const setOpen = (to: string | null) => {
    if (to === null && isInHistory.current) history.back();
    else if (name === null && to !== null) go(addressOf(query, to));
    else replace(addressOf(query, to));
    isInHistory.current = to !== null && (isInHistory.current || name === null);
  };
  // Closed, the keyboard is on the image that was seen last; until then the list cannot take it.
  const last = useRef<number | null>(null);
  if (opened) last.current = opened.place;
  useEffect(() => {
    if (opened || last.current === null) return;
    setGoal({ item: last.current });
    last.current = null;
  }, [opened === null]);
  const step = async (by: number) => {
    if (opened?.place == null) return;
    try {
      const [next] = await collection.names(opened.place + by, opened.place + by);
      if (next !== undefined) setOpen(next);
    } catch (error) {
      failed(error);
    }
  };
  useEffect(() => {
    if (!missing || name === null) return;
    say({ text: `${name} is not there any more`, kind: "wrong" });
    replace(addressOf(query));
  }, [missing]);

  const remove = async (names: string[]) => {
    const gone = await work.each(names, "Deleting", async (one) => {
      await api.remove(one);
      collection.gone(one);
    });
    setChosen((now) => gone.reduce(without, now));
    if (!gone.length) return;
    say({
      text: `${gone.length === 1 ? gone[0] : count(gone.length, "image")} moved to the trash`,
      action: { label: "Undo", run: () => void work.each(gone, "Restoring", (one) => api.restore(one)).then(() => collection.refresh()) },
    });
  };
  const choose = async (first: number, last: number, from: Chosen = chosen) => {
    try {
      setChosen(joined(from, await collection.names(first, last)));
    } catch (error) {
      failed(error);
    }
  };
  const all = () => {
    if (collection.total > AT_MOST) say(`The first ${AT_MOST.toLocaleString()} are selected: as many as go at once`);
    void choose(0, Math.min(collection.total, AT_MOST) - 1);
  };
  const keyed = (event: KeyboardEvent, place: number) => {
    const image = collection.at(place);
    if (!image || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") event.shiftKey ? void choose(...reach(chosen, place)) : setChosen(toggled(chosen, image.name, place));
    else if (event.key === "Delete" && mayWrite) void remove(chosen.names.size ? [...chosen.names] : [image.name]);
    else return;
    event.preventDefault();
  };
  useKeys(opened ? [] : [
    { keys: ["enter"], title: "Show large", group: "Images" },
    { keys: ["space"], title: "Select", group: "Images" },
    { keys: ["shift+arrowright"], title: "Select all up to there", group: "Images" },
    { keys: ["ctrl+a"], title: "Select all", group: "Images", run: all },
    { keys: ["delete"], title: "Move to the trash", group: "Images" },
    { keys: ["escape"], title: "Select none, close", group: "Images", run: () => setChosen(NONE) },
  ]);
  const names = [...chosen.names];
  return (
    <div class={dropping ? "im-page im-dropping" : "im-page"}>
      <div inert={opened !== null}>
        <Toolbar api={api} query={query} ask={(next) => wanted(next, name)} take={take} />
        {collection.coming > 0 && (
          <button
            class="primary im-coming"
            onClick={() => {
              scrollTo(0, 0);
              void collection.refresh();
            }}
          >
            {count(collection.coming, "new image")}: show
          </button>
        )}
        <State collection={collection} query={query} mayWrite={mayWrite} clear={() => wanted({ ...EVERYTHING, sort: query.sort })} />
        <Grid
          collection={collection}
          chosen={chosen}
          goal={goal}
          open={setOpen}
          toggle={(place, one) => setChosen(toggled(chosen, one, place))}
          reach={(place) => void choose(...reach(chosen, place), chosen.anchor === null ? { ...chosen, anchor: place } : chosen)}
          keyed={keyed}
        />
        {(names.length > 0 || work.words) && (
          <Selection
            api={api}
            collection={collection}
            work={work}
            names={names}
            clear={() => setChosen(NONE)}
            share={() => setSharing(names)}
            remove={() => void remove(names)}
          />
        )}
        <UploadList />
      </div>
      {opened && (
        <Viewer
          api={api}
          opened={opened}
          total={collection.total}
          step={step}
          close={() => setOpen(null)}
          changed={(image, former) => {
            collection.changed(image, former);
            if (former !== undefined && former !== image.name) replace(addressOf(query, image.name));
          }}
          filter={(tag) => wanted({ ...query, tags: [tag] })}
          share={() => setSharing([opened.image.name])}
          remove={async () => {
            const { place, image } = opened;
            const [next] = place === null ? [] : await collection.names(place + 1, place + 1);
            setOpen(next ?? null);
            void remove([image.name]);
          }}
        />
      )}
      {sharing && <ShareDialog api={api} names={sharing} close={() => setSharing(null)} />}
    </div>
  );
}

interface StateProps {
  collection: Collection;
  query: Query;
  mayWrite: boolean;
  clear(): void;
}

function State({ collection, query, mayWrite, clear }: StateProps) {
  const { status, total, why } = collection;
  if (status === "failed" && !total) return <Failed why={why} retry={() => void collection.refresh()} />;
  if (status === "loading" && !total) return <Loading what="Looking for images" />;
  const filtered = query.q !== "" || query.tags.length > 0;
  if (!total && filtered)
    return (
      <Empty title="No image fits.">
        <button onClick={clear}>Show all images</button>
      </Empty>
    );
  if (!total)
    return (
      <Empty title="No images yet">
        <p class="quiet">
          {mayWrite ? "Drop files or folders anywhere on this page, paste a picture, or press Upload." : "They appear here as soon as somebody uploads some."}
        </p>
      </Empty>
    );
  return (
    <p class="im-count quiet" role="status">
      {total.toLocaleString()} {total === 1 ? "image" : "images"}
      {filtered && " found"}
    </p>
  );
}
