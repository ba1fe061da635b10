import { expect, it, vi } from "vitest";
import type { Follower, StackEvent } from "../../src/common/live";
import { isOpen, isUntouched, standing, withEvent, withPage } from "../../src/processing/job_items";
import { JobWatch } from "../../src/processing/job_watch";
import { Latest } from "../../src/processing/latest";
import type { Item, Job, JobPage, JobState } from "../../src/processing/model";

const job = (state: JobState, done = 0, failed = 0, total = 4): Job => ({
  id: 7, state, progress: { total, done, failed }, error: null, created_by: "a", created_at: "", started_at: null,
  ended_at: null, expires_at: null, pipeline: [], format: null, quality: null, store_results: false,
});
const item = (index: number, state: JobState): Item => ({
  index, name: `${index}.png`, state, attempts: 1, error: null, pipeline: null, original_url: null, result_name: null,
  media_type: null, size: null, digest: null, width: null, height: null, stored_name: null, store_error: null,
});
const event = (kind: string, state: JobState, done: number): StackEvent => ({
  id: "processing:1", type: `processing.job.${kind}`, subject: "jobs/7", time: "", data: { id: 7, state, total: 4, done, failed: 0 },
});

it("applies events, and is not woken by late ones", () => {
  const half = withEvent(job("running"), event("progress", "running", 2));
  expect([half.state, half.progress.done, standing(half)]).toEqual(["running", 2, "2 of 4 done"]);
  const done = withEvent(half, event("finished", "finished", 4));
  expect(standing(done)).toBe("all 4 done");
  expect(withEvent(done, event("progress", "running", 3))).toBe(done);
  expect(withEvent(done, event("queued", "waiting", 3)).state).toBe("waiting");
  expect(withEvent(half, { ...event("progress", "running", 4), data: { id: 8, state: "running" } })).toBe(half);
  expect(standing(job("finished", 4, 1))).toBe("3 of 4 done, 1 failed");
});

it("knows in which pages something can still happen", () => {
  const page = (cursor: string | null, ...states: JobState[]) => ({ cursor, next: null, items: states.map((one, at) => item(at, one)) });
  const pages = [page(null, "finished", "failed"), page("b", "finished", "running"), page("c", "waiting")];
  expect(pages.map(isOpen)).toEqual([false, true, true]);
  expect(pages.map(isUntouched)).toEqual([false, false, true]);
  expect(withPage(pages, page("b", "finished"))[1]?.items).toHaveLength(1);
  expect(withPage(pages, page("e", "waiting"))).toHaveLength(4);
});

/** A service with four images on two pages. */
class Service {
  states: JobState[] = ["waiting", "waiting", "waiting", "waiting"];
  asked: string[] = [];
  down = false;

  get = async <T>(path: string): Promise<T> => {
    const cursor = new URL(path, "http://x").searchParams.get("cursor");
    this.asked.push(cursor ?? "first");
    if (this.down) throw new Error("down");
    const from = cursor ? 2 : 0;
    const items = this.states.slice(from, from + 2).map((state, at) => item(from + at, state));
    const done = this.states.filter((one) => one === "finished").length;
    const page: JobPage = { ...job(done === 4 ? "finished" : "running", done), items, next_cursor: cursor ? null : "second" };
    return page as T;
  };
}

function watched() {
  const service = new Service();
  let follower: Follower | undefined;
  const watch = new JobWatch(service, 7);
  watch.start({ follow: (_, given) => ((follower = given), () => undefined) });
  const states = () => watch.seen.get().pages.flatMap((page) => page.items.map((one) => one.state));
  return { service, watch, states, tell: (one: StackEvent) => follower?.event(one), reset: () => follower?.reset() };
}

it("follows a job to its end", async () => {
  const { service, watch, states, tell } = watched();
  await vi.waitFor(() => expect(watch.seen.get().whole).toBe(true));
  expect(states()).toEqual(["waiting", "waiting", "waiting", "waiting"]);
  service.states = ["finished", "finished", "running", "waiting"];
  service.asked = [];
  tell(event("progress", "running", 2));
  await vi.waitFor(() => expect(states()).toEqual(service.states));
  service.states = ["finished", "finished", "finished", "running"];
  await vi.waitFor(() => expect(service.asked).toEqual(["first", "second"]));
  service.asked = [];
  tell(event("progress", "running", 3));
  await vi.waitFor(() => expect(states()).toEqual(service.states));
  expect(service.asked).toEqual(["second"]);
  service.asked = [];
  service.states = ["finished", "finished", "finished", "finished"];
  tell(event("finished", "finished", 4));
  expect(watch.seen.get().justEnded).toBe(true);
  await vi.waitFor(() => expect(states()).toEqual(service.states));
  expect(watch.seen.get().job?.state).toBe("finished");
  expect(watch.seen.get().justEnded).toBe(true);
});

it("shows what it has while the service is down, and goes on afterwards", async () => {
  const { service, watch, states, reset } = watched();
  await vi.waitFor(() => expect(watch.seen.get().whole).toBe(true));
  service.down = true;
  reset();
  await vi.waitFor(() => expect(watch.seen.get().error).not.toBeNull());
  expect(states()).toHaveLength(4);
  service.down = false;
  service.states = ["finished", "finished", "finished", "finished"];
  reset();
  await vi.waitFor(() => expect(states()).toEqual(service.states));
  expect(watch.seen.get().error).toBeNull();
  watch.stop();
});

it("lets the newest request win, and breaks slow older ones off", async () => {
  vi.useFakeTimers();
  const told: unknown[] = [];
  const broken: string[] = [];
  const latest = new Latest<string>({ done: (value) => told.push(value), failed: (error) => told.push(error), busy: () => undefined });
  const work = (name: string, ms: number) => (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => resolve(name), ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        broken.push(name);
        reject(new Error("aborted"));
      });
    });
  latest.ask(work("quick", 100));
  latest.ask(work("passed over", 100));
  latest.ask(work("slow", 1000));
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toEqual(["quick"]);
  latest.ask(work("newest", 100));
  await vi.advanceTimersByTimeAsync(2000);
  expect(told).toEqual(["quick", "newest"]);
  expect(broken).toEqual(["slow"]);
  vi.useRealTimers();
});
