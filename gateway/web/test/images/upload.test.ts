import { expect, it, vi } from "vitest";
import type { UploadResult } from "../../src/images/model";
import { type Upload, Uploads, uploaded } from "../../src/images/upload";

const file = (name: string) => ({ name }) as File;
const result = (name: string, status: UploadResult["status"]): UploadResult => ({ name, status, image: null, problem: null });

it("sends three at a time, and each has its own outcome", async () => {
  const open: ((result: UploadResult | Error) => void)[] = [];
  let list: readonly Upload[] = [];
  const uploads = new Uploads(
    (now) => (list = now),
    () => new Promise((resolve, reject) => open.push((end) => (end instanceof Error ? reject(end) : resolve(end)))),
  );
  uploads.add(["a b", "b", "c", "d"].map(file));
  expect(list.map((one) => one.state)).toEqual(["sending", "sending", "sending", "waiting"]);
  open[0]?.(result("a_b", "created"));
  open[1]?.({ ...result("b", "failed"), problem: { detail: "no image", title: "", type: "", status: 415, code: "" } });
  open[2]?.(new Error("cut"));
  await vi.waitFor(() => expect(open.length).toBe(4));
  open[3]?.(result("d", "unchanged"));
  await vi.waitFor(() => expect(list.every((one) => one.state === "done" || one.state === "failed")).toBe(true));
  expect(list.map((one) => [one.name, one.state, one.outcome])).toEqual([
    ["a_b", "done", "added"],
    ["b", "failed", "no image"],
    ["c", "failed", "cut"],
    ["d", "done", "was there already"],
  ]);
  uploads.clear();
  expect(list).toEqual([]);
});

it("reads the outcome of a file, and the refusal of a whole upload", () => {
  expect(uploaded(200, JSON.stringify({ items: [result("a", "created")] })).status).toBe("created");
  expect(uploaded(422, JSON.stringify({ items: [result("a", "failed")] })).status).toBe("failed");
  expect(() => uploaded(413, '{"code":"body_too_large","detail":"64 MiB"}')).toThrow("64 MiB");
  expect(() => uploaded(200, "{}")).toThrow("the answer names no file");
});
