import { expect, it } from "vitest";
import { type JobView, type TrayJob, standing, withEvent, withList } from "../../src/shell/jobs";

const job = (id: number, state: JobView["state"], rest: Partial<JobView> = {}): JobView => ({
  id, kind: "import", subject: "datasets/1", state, progress: { total: 4, done: 1, failed: 0 },
  error: null, created_by: "a", created_at: `2026-11-21T10:00:0${id}Z`, ...rest,
});

const told = (id: number, state: string, done: number, service = "tagging") => ({
  id: `${service}:1`, type: `${service}.job.progressed`, subject: `jobs/${id}`, time: "2026-11-21T10:00:09Z",
  data: { id, kind: "import", subject: "datasets/1", state, total: 4, done, failed: 0, by: "a" },
});

it("knows the jobs of several services, the newest first", () => {
  const listed = withList(withList([], "tagging", [job(2, "running"), job(1, "finished")]), "sdcard", [job(1, "waiting")]);
  const jobs = withEvent(listed, told(3, "running", 0, "processing"));
  expect(jobs.map((one) => `${one.service} ${one.id}`)).toEqual(["processing 3", "tagging 2", "tagging 1", "sdcard 1"]);
});

it("follows events, and is not woken by late ones", () => {
  let jobs: readonly TrayJob[] = withList([], "tagging", [job(1, "running")]);
  jobs = withEvent(jobs, told(1, "running", 3));
  expect(standing(jobs[0] as JobView)).toBe("3 of 4");
  jobs = withEvent(jobs, told(1, "finished", 4));
  jobs = withEvent(jobs, told(1, "running", 2));
  expect(jobs.map(standing)).toEqual(["finished, 4 of 4"]);
});

it("says why a job failed", () => {
  expect(standing(job(1, "failed", { error: { code: "invalid_csv", detail: "row 3 is ragged" } }))).toBe("row 3 is ragged");
});
