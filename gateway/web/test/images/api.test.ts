import { describe, expect, it } from "vitest";
import { Http, Refusal } from "../../src/common/http";
import { Api, contentPath, imagePath, listPath, renditionPath } from "../../src/images/api";
import { EVERYTHING, type Image } from "../../src/images/model";

/** A server of one answer that keeps what it was asked. */
function server(status: number, body: unknown) {
  const asked: { path: string; init: RequestInit | undefined }[] = [];
  const http = new Http(async (path, init) => {
    asked.push({ path, init });
    return new Response(status === 204 ? null : typeof body === "string" ? body : JSON.stringify(body), { status });
  });
  return { api: new Api(http), http, asked };
}

describe("paths", () => {
  it("name images whatever is in their names", () => {
    expect(imagePath("a b?#%/ü.jpg")).toBe("/api/imagestore/v1/images/a%20b%3F%23%25%2F%C3%BC.jpg");
  });

  it("ask for pages", () => {
    expect(listPath(EVERYTHING, null, 60)).toBe("/api/imagestore/v1/images?sort=-created_at&limit=60");
    expect(listPath({ q: "a&b", tags: ["t", "u v"], sort: "name" }, "c=", 100)).toBe(
      "/api/imagestore/v1/images?sort=name&q=a%26b&tag=t&tag=u+v&limit=100&cursor=c%3D",
    );
  });

  it("differ with each content of a name", () => {
    const image = { name: "a.jpg", digest: "sha256:c0ffee", media_type: "image/jpeg" } as Image;
    expect(renditionPath(image, 320, "cover")).toBe(
      "/api/imagestore/v1/images/a.jpg/rendition?width=320&height=320&fit=cover&format=jpeg&digest=c0ffee",
    );
    expect(contentPath(image)).toBe("/api/imagestore/v1/images/a.jpg/content?digest=c0ffee");
  });
});

describe("calls", () => {
  it("send JSON", async () => {
    const { http, asked } = server(204, "");
    expect(await http.json("POST", "/v1/session", { key: "dk_1" })).toBeUndefined();
    expect(asked[0]?.path).toBe("/v1/session");
    expect(asked[0]?.init).toMatchObject({ method: "POST", body: '{"key":"dk_1"}' });
    expect(asked[0]?.init?.headers).toEqual({ Accept: "application/json", "Content-Type": "application/json" });
  });

  it("share until a day that is counted from now", async () => {
    const { api, asked } = server(201, { url: "u" });
    await api.share(["a"], "Sea", 7, "", Date.parse("2026-11-21T00:00:00Z"));
    expect(JSON.parse(String(asked[0]?.init?.body))).toEqual({
      names: ["a"],
      title: "Sea",
      expires_at: "2026-11-28T00:00:00.000Z",
      password: null,
    });
  });

  it("restore what was deleted last under the name", async () => {
    const { api, asked } = server(200, { items: [{ id: 9, name: "a b" }], next_cursor: null });
    await api.restore("a b");
    expect(asked.map((one) => one.path)).toEqual([
      "/api/imagestore/v1/trash?name=a+b&limit=1",
      "/api/imagestore/v1/trash/9/restore",
    ]);
  });

  it("find an image by its name without an error where there is none", async () => {
    const { api, asked } = server(200, { items: [{ name: "a.jpg.bak" }], next_cursor: null });
    expect(await api.find("a.jpg")).toBeNull();
    expect(asked[0]?.path).toBe("/api/imagestore/v1/images?prefix=a.jpg&sort=name&limit=1");
  });

  it("turn problems into refusals with the server's words", async () => {
    const { api } = server(422, { code: "invalid_name", detail: "no slash", title: "Unprocessable", status: 422 });
    await expect(api.rename("a", "b/c")).rejects.toMatchObject({ status: 422, code: "invalid_name", message: "no slash" });
  });

  it("have words for an answer that is no problem+json", async () => {
    const { api } = server(502, "<html>");
    await expect(api.images(EVERYTHING, null)).rejects.toMatchObject({ status: 502, message: "Answer 502" });
  });

  it("have words for no answer", async () => {
    const http = new Http(async () => {
      throw new TypeError("failed to fetch");
    });
    const api = new Api(http);
    await expect(api.remove("a")).rejects.toEqual(new Refusal(0, "unreachable", "Darkroom cannot be reached"));
  });
});
