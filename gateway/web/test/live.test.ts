import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live, type Socket, socketAddress, splitId } from "../src/live";

class Wire implements Socket {
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.onclose?.();
  }
  says(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const wires: Wire[] = [];
const heard: string[] = [];
let live: Live;

beforeEach(() => {
  vi.useFakeTimers();
  wires.length = heard.length = 0;
  const listener = {
    event: (event: { id: string }) => heard.push(event.id),
    reset: () => heard.push("reset"),
    state: (state: string) => heard.push(state),
  };
  const open = () => {
    const wire = new Wire();
    wires.push(wire);
    return wire;
  };
  live = new Live(listener, open, () => 0.5);
  live.start();
});

afterEach(() => vi.useRealTimers());

const event = (sequence: number) => ({ id: `imagestore:${sequence}`, type: "imagestore.image.created", data: {} });

describe("the live connection", () => {
  it("subscribes, and passes on what it hears", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    expect(wires[0]?.sent).toEqual(['{"subscribe":["imagestore.*"],"after":{}}']);
    expect(heard).toEqual(["connecting", "live", "imagestore:7"]);
  });

  it("comes back and asks for what it missed", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    wires[0]?.onclose?.();
    vi.advanceTimersByTime(250);
    wires[1]?.onopen?.();
    expect(JSON.parse(wires[1]?.sent[0] ?? "")).toEqual({ subscribe: ["imagestore.*"], after: { imagestore: 7 } });
    expect(heard.slice(-3)).toEqual(["away", "connecting", "live"]);
  });

  it("waits longer each time that it fails, and not without end", () => {
    for (const pause of [250, 500, 1000, 2000, 4000, 8000, 8000]) {
      const before = wires.length;
      wires.at(-1)?.onclose?.();
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
    wires[0]?.onclose?.();
    vi.advanceTimersByTime(250);
    wires[1]?.onopen?.();
    expect(heard).toContain("reset");
    expect(JSON.parse(wires[1]?.sent[0] ?? "").after).toEqual({});
  });

  it("knows where the stream stood before its first event", () => {
    wires[0]?.onopen?.();
    wires[0]?.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    expect(heard.slice(-1)).toEqual(["reset"]);
    wires[0]?.onclose?.();
    vi.advanceTimersByTime(250);
    wires[1]?.onopen?.();
    expect(JSON.parse(wires[1]?.sent[0] ?? "").after).toEqual({ imagestore: 5 });
    wires[1]?.says({ subscribed: ["imagestore.*"], cursor: { imagestore: 5 } });
    expect(heard.filter((what) => what === "reset")).toHaveLength(1);
  });

  it("goes on from where a reset says that the stream stands", () => {
    wires[0]?.onopen?.();
    wires[0]?.says(event(7));
    wires[0]?.says({ reset: ["imagestore"], cursor: { imagestore: 2 } });
    wires[0]?.onclose?.();
    vi.advanceTimersByTime(250);
    wires[1]?.onopen?.();
    expect(JSON.parse(wires[1]?.sent[0] ?? "").after).toEqual({ imagestore: 2 });
  });

  it("stays closed when it is stopped", () => {
    live.stop();
    vi.advanceTimersByTime(60_000);
    expect(wires.length).toBe(1);
  });
});

it("knows a service and its sequence", () => {
  expect(splitId("imagestore:118")).toEqual(["imagestore", 118]);
});

it("uses the encryption of the page", () => {
  expect(socketAddress({ protocol: "https:", host: "h:1" })).toBe("wss://h:1/ws");
  expect(socketAddress({ protocol: "http:", host: "h:1" })).toBe("ws://h:1/ws");
});
