import { describe, expect, it } from "vitest";
import { shape, span, stepFrom } from "../../src/common/grid_math";
import { keyName, shownKey } from "../../src/common/keys";
import { address, parse } from "../../src/common/router";

describe("addresses", () => {
  it("say what they were made of", () => {
    const made = address(["images", "a b/ü?#.jpg"], { q: "x&y", tag: "", row: 0 });
    expect(made).toBe("#/images/a%20b%2F%C3%BC%3F%23.jpg?q=x%26y&row=0");
    const route = parse(made);
    expect(route.path).toEqual(["images", "a b/ü?#.jpg"]);
    expect([route.query.get("q"), route.query.get("row"), route.query.get("tag")]).toEqual(["x&y", "0", null]);
  });

  it("that are none lead to the start", () => {
    for (const hash of ["", "#", "#main", "#key=dk_1"]) expect(parse(hash).path).toEqual([]);
    expect(parse("#/a/%zz").path).toEqual(["a", "%zz"]);
  });
});

describe("keys", () => {
  const pressed = (key: string, rest: Partial<KeyboardEvent> = {}) =>
    keyName({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...rest });

  it("have one name each", () => {
    expect(pressed("F")).toBe("f");
    expect(pressed("?", { shiftKey: true })).toBe("?");
    expect(pressed("Z", { shiftKey: true, metaKey: true })).toBe("ctrl+shift+z");
    expect(pressed("ArrowLeft", { shiftKey: true })).toBe("shift+arrowleft");
    expect(pressed(" ")).toBe("space");
  });

  it("are shown to people", () => {
    expect(["ctrl+shift+z", "arrowleft", "+", "ctrl++", "f"].map(shownKey)).toEqual(["Ctrl ⇧ Z", "←", "+", "Ctrl +", "F"]);
  });
});

describe("a grid", () => {
  it("draws what is in view, of any number", () => {
    const of = shape(100_000, 1000, 180, 10, 1, 20);
    expect(of.columns).toBe(5);
    expect(of.pitch).toBeCloseTo(192 + 30);
    expect(span(of, 100_000, 0, 700, 1)).toEqual([0, 25]);
    expect(span(of, 100_000, 222 * 1000, 700, 0)).toEqual([5000, 5020]);
    expect(span(of, 100_000, 1e9, 700)[1]).toBe(100_000);
  });

  it("is left by no arrow", () => {
    expect(stepFrom(0, "ArrowUp", 5, 12, 2)).toBe(0);
    expect(stepFrom(6, "ArrowDown", 5, 12, 2)).toBe(11);
    expect(stepFrom(6, "End", 5, 12, 2)).toBe(11);
    expect(stepFrom(6, "x", 5, 12, 2)).toBeNull();
    expect(stepFrom(0, "End", 5, 0, 2)).toBeNull();
  });
});
