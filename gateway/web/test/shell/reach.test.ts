import { generate } from "lean-qr";
import { describe, expect, it } from "vitest";
import { left, linkTo, squares } from "../../src/shell/reach";

describe("the link for another device", () => {
  it("holds the code behind #, where no server sees it", () => {
    expect(linkTo("http://darkroom.local:8000", null)).toBe("http://darkroom.local:8000");
    expect(new URL(linkTo("http://darkroom.local:8000", "dc_x-_1")).hash).toBe("#key=dc_x-_1");
  });

  it("tells the time left until it is past", () => {
    const end = "2026-11-21T08:02:00Z";
    expect(left(end, Date.parse("2026-11-21T08:00:00Z"))).toBe("2:00");
    expect(left(end, Date.parse("2026-11-21T08:01:50.400Z"))).toBe("0:10");
    expect(left(end, Date.parse(end))).toBeNull();
  });
});

describe("the drawing of a QR code", () => {
  it("has every dark square, and no other", () => {
    const code = generate("http://192.0.2.7:8000/#key=dc_1pZ0123456789abcdefghi");
    const drawn = new Set<string>();
    for (const [, x, y, width] of squares(code).matchAll(/M(\d+) (\d+)h(\d+)v1H\1z/g)) {
      for (let step = 0; step < Number(width); step++) drawn.add(`${Number(x) + step},${y}`);
    }
    const dark = new Set<string>();
    for (let y = 0; y < code.size; y++) for (let x = 0; x < code.size; x++) if (code.get(x, y)) dark.add(`${x},${y}`);
    expect(drawn).toEqual(dark);
    expect(dark.size).toBeGreaterThan(200);
  });
});
