/** What was deleted, for as long as it can be brought back. */

import { useMemo, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { bytes, count, moment } from "../common/format";
import { Refusal } from "../common/http";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { addressOf } from "./address";
import { Api, trashedPath } from "./api";
import { EVERYTHING, type TrashedImage } from "./model";
import { Thumb } from "./thumb";
import { usePages } from "./use_pages";

const EDGE = 120;
const TOPICS = ["imagestore.image.deleted", "imagestore.image.restored", "imagestore.image.purged"];

export function TrashPage() {
  const { http, session, say, failed } = useShell();
  const api = useMemo(() => new Api(http), [http]);
  const mayWrite = session.scopes.includes("write");
  const trash = usePages<TrashedImage>((cursor, signal) => api.trash(cursor, signal), TOPICS);
  const [emptying, setEmptying] = useState(false);
  const [taken, setTaken] = useState<TrashedImage | null>(null);
  const during = async (work: () => Promise<void>) => {
    await work().catch(failed);
    trash.reload();
  };
  const restore = (image: TrashedImage) =>
    during(async () => {
      try {
        await api.restoreTrashed(image.id);
        say({ text: `${image.name} is back`, action: { label: "Show", run: () => (location.hash = addressOf(EVERYTHING, image.name)) } });
      } catch (error) {
        if (error instanceof Refusal && error.code === "name_taken") setTaken(image);
        else throw error;
      }
    });
  return (
    <div class="sheet im-sheet">
      <Head title="Trash">
        {mayWrite && Boolean(trash.items?.length) && (
          <button class="danger" onClick={() => setEmptying(true)}>
            Empty the trash
          </button>
        )}
      </Head>
      {trash.why && !trash.items && <Failed why={trash.why} retry={trash.reload} />}
      {!trash.items && !trash.why && <Loading />}
      {trash.items?.length === 0 && (
        <Empty title="The trash is empty">
          <p class="quiet">What is deleted lies here for a week before it goes for good.</p>
        </Empty>
      )}
      <ul class="im-rows">
        {trash.items?.map((image) => (
          <li key={image.id}>
            <Thumb url={trashedPath(image, EDGE)} edge={EDGE} />
            <div class="im-row-words">
              <strong>{image.name}</strong>
              <span class="quiet">
                {image.width} × {image.height}, {bytes(image.size)}
              </span>
              <span class="quiet">
                Deleted {moment(image.deleted_at)}, kept until {moment(image.kept_until)}
              </span>
            </div>
            {mayWrite && (
              <div class="row">
                <button aria-label={`Restore ${image.name}`} onClick={() => void restore(image)}>
                  Restore
                </button>
                <button
                  class="plain danger"
                  aria-label={`Delete for good: ${image.name}`}
                  onClick={() => void during(() => api.purge(image.id))}
                >
                  Delete for good
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {trash.more && <button onClick={trash.more}>Show more</button>}
      {emptying && (
        <Dialog title="Empty the trash?" close={() => setEmptying(false)}>
          <div class="stack">
            <p>All images in it go for good. This cannot be taken back.</p>
            <div class="row">
              <button
                class="danger"
                onClick={() => {
                  setEmptying(false);
                  void during(async () => say(`${count(await api.emptyTrash(), "image")} gone for good`));
                }}
              >
                Empty the trash
              </button>
              <button onClick={() => setEmptying(false)}>Cancel</button>
            </div>
          </div>
        </Dialog>
      )}
      {taken && <OtherName api={api} image={taken} close={() => setTaken(null)} done={trash.reload} />}
    </div>
  );
}

/** Another image has the name by now. */
function OtherName({ api, image, close, done }: { api: Api; image: TrashedImage; close(): void; done(): void }) {
  const { say, failed } = useShell();
  const dot = image.name.lastIndexOf(".");
  const [name, setName] = useState(dot > 0 ? `${image.name.slice(0, dot)}_restored${image.name.slice(dot)}` : `${image.name}_restored`);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const back = await api.restoreTrashed(image.id, name);
      say(`${back.name} is back`);
      close();
      done();
    } catch (error) {
      failed(error);
    }
  };
  return (
    <Dialog title={`Another image is called ${image.name} now`} close={close}>
      <form class="stack" onSubmit={submit}>
        <label for="restored-name">Bring it back as</label>
        <input id="restored-name" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <div class="row">
          <button class="primary">Restore</button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function Head({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  return (
    <header class="im-head">
      <a href="#/images">‹ Images</a>
      <h1 class="grow">{title}</h1>
      {children}
    </header>
  );
}
