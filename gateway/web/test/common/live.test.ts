import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live, type Socket, matches, socketAddress, splitId, topicsOf } from "../../src/common/live";

class Wire implements Socket {
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number }) => void) | null = null;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.onclose?.({ code: 1000 });
  }
  says(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const wires: Wire[] = [];
const heard: string[] = [];
let live: Live;
let stop: () => void;

const follower = (name = "") => ({
  event: (event: { id: string }) => heard.push(name + event.id),
  reset: () => heard.push(`${name}reset`),
});

beforeEach(() => {
  vi.useFakeTimers();
  wires.length = heard.length = 0;
  live = new Live(
    () => {
      const wire = new Wire();
      wires.push(wire);
      return wire;
    },
    () => 0.5,
  );
  live.state.watch((state) => heard.push(state));
  stop = live.follow(["imagestore.*"], follower());
  live.start();
});

afterEach(() => vi.useRealTimers());

const event = (sequence: number, service = "imagestore") => ({
  id: `${service}:${sequence}`, type: `${service}.image.created`, subject: "images/a.jpg", data: {},
});

function comesBack(): Wire {
  wires.at(-1)?.onclose?.({ code: 1006 });
  vi.advanceTimersByTime(250);
  const wire = wires.at(-1);
  if (!wire) throw new Error("no wire");
  wire.onopen?.();
  return wire;
}

describe("the live connection", () => {
  it("subscribes, and passes on what it hears", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    expect(wires[0]?.sent).toEqual([{ subscribe: ["imagestore.*"], after: {} }]);
    expect(heard).toEqual(["live", "imagestore:7"]);
  });

  it("comes back and asks for what it missed", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    expect(comesBack().sent).toEqual([{ subscribe: ["imagestore.*"], after: { imagestore: 7 } }]);
    expect(heard.slice(-3)).toEqual(["away", "connecting", "live"]);
  });

  it("waits longer each time that it fails, and not without end", () => {
    for (const pause of [250, 500, 1000, 2000, 4000, 8000, 8000]) {
      const before = wires.length;
      wires.at(-1)?.onclose?.({ code: 1006 });
      vi.advanceTimersByTime(pause - 1);
      expect(wires.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(wires.length).toBe(before + 1);
    }
  });

  it("starts anew where the past is gone", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    wires[0]?.says({ reset: ["imagestore"] });
    expect(heard).toContain("reset");
    expect(comesBack().sent).toEqual([{ subscribe: ["imagestore.*"], after: {} }]);
  });

  it("tells once where the stream stands, and remembers it", () => {
    wires[0]?.onopen?.();
    wires[0]?.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    expect(heard.slice(-1)).toEqual(["reset"]);
    const again = comesBack();
    expect(again.sent).toEqual([{ subscribe: ["imagestore.*"], after: { imagestore: 5 } }]);
    again.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    expect(heard.filter((what) => what === "reset")).toHaveLength(1);
  });

  it("goes on from where a reset says that the stream stands", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    wires[0]?.says({ reset: ["imagestore"], cursor: { imagestore: 2 } });
    expect(comesBack().sent).toEqual([{ subscribe: ["imagestore.*"], after: { imagestore: 2 } }]);
  });

  it("takes in followers later, without losing what others have not heard yet", () => {
    wires[0]?.onopen?.();
    wires[0]?.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    live.follow(["tagging.dataset.3.*"], follower("b "));
    expect(wires[0]?.sent.at(-1)).toEqual({ subscribe: ["tagging.dataset.3.*"] });
    wires[0]?.says({ subscribed: ["tagging.dataset.3.*"], cursor: { tagging: 9, imagestore: 80 } });
    expect(heard.slice(-1)).toEqual(["b reset"]);
    wires[0]?.says({ id: "tagging:10", type: "tagging.dataset.tagged", subject: "datasets/3", data: {} });
    wires[0]?.says({ id: "tagging:11", type: "tagging.dataset.tagged", subject: "datasets/4", data: {} });
    expect(heard.slice(-1)).toEqual(["b tagging:10"]);
    expect(comesBack().sent).toEqual([
      { subscribe: ["imagestore.*", "tagging.dataset.3.*"], after: { imagestore: 5, tagging: 11 } },
    ]);
  });

  it("tells a follower of topics that are held already where they stand", async () => {
    wires[0]?.onopen?.();
    wires[0]?.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    live.follow(["imagestore.*"], follower("b "));
    await Promise.resolve();
    expect(heard.slice(-1)).toEqual(["b reset"]);
    expect(wires[0]?.sent).toHaveLength(1);
  });

  it("gives up topics that nobody follows any more", () => {
    wires[0]?.onopen?.();
    stop();
    expect(wires[0]?.sent.at(-1)).toEqual({ unsubscribe: ["imagestore.*"] });
    wires[0]?.says(event(7));
    expect(heard).not.toContain("imagestore:7");
  });

  it("asks anew where the gateway has lost a service", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    const again = comesBack();
    again.says({ error: { code: "unknown_service", detail: "" } });
    expect(again.sent.at(-1)).toEqual({ subscribe: ["imagestore.*"], after: {} });
    expect(heard.slice(-1)).toEqual(["reset"]);
  });

  it("starts again for somebody else, whenever the first one's socket ends", () => {
    const [first] = wires;
    first?.onopen?.();
    if (first) first.close = () => undefined; // a real one closes later
    live.stop();
    live.start();
    wires[1]?.onopen?.();
    first?.onclose?.({ code: 1000 });
    first?.says(event(7));
    vi.advanceTimersByTime(60_000);
    expect(wires.length).toBe(2);
    expect(live.state.get()).toBe("live");
    expect(heard).not.toContain("imagestore:7");
  });

  it("stays closed when it is stopped", () => {
    live.stop();
    vi.advanceTimersByTime(60_000);
    expect(wires.length).toBe(1);
  });
});

it("matches topics as the gateway does", () => {
  const topics = topicsOf({ type: "imagestore.image.created", subject: "images/sunset.jpg" });
  expect(topics).toEqual(["imagestore.image.created", "imagestore.image.sunset.jpg.created"]);
  for (const pattern of ["imagestore.*", "*.image.created", "imagestore.image.*", "*"]) {
    expect(matches(pattern, "imagestore.image.created")).toBe(true);
  }
  for (const pattern of ["imagestore.image", "tagging.*", "imagestore.image.created.*", "imagestore.*.deleted"]) {
    expect(matches(pattern, "imagestore.image.created")).toBe(false);
  }
});

it("knows a service and its sequence", () => {
  expect(splitId("imagestore:118")).toEqual(["imagestore", 118]);
});

it("uses the encryption of the page", () => {
  expect(socketAddress({ protocol: "https:", host: "h:1" })).toBe("wss://h:1/ws");
  expect(socketAddress({ protocol: "http:", host: "h:1" })).toBe("ws://h:1/ws");
});
