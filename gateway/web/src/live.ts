/** The WebSocket of the stack: it comes back by itself, and asks for what it missed. */

import type { StackEvent } from "./model";

export type LiveState = "connecting" | "live" | "away";

export interface Listener {
  event(event: StackEvent): void;
  /** Events may have been missed, and cannot be asked for: ask REST for the present. */
  reset(): void;
  state(state: LiveState): void;
}

/** The part of WebSocket that is used, so that tests can hand in one of their own. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((message: { data: string }) => void) | null;
  onclose: (() => void) | null;
}

/** Where the streams stand, as the gateway says it on subscribing and on a reset. */
interface Standing {
  reset?: string[];
  cursor?: Record<string, number>;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

export class Live {
  private socket: Socket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;
  private ended = false;
  private readonly cursor: Record<string, number> = {};

  constructor(
    private readonly listener: Listener,
    private readonly open: () => Socket,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    this.listener.state("connecting");
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ subscribe: ["imagestore.*"], after: this.cursor }));
      this.wait = FIRST_WAIT_MS;
      this.listener.state("live");
    };
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = () => this.closed();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as Partial<StackEvent> & Standing;
    if (message.reset) {
      for (const service of message.reset) delete this.cursor[service];
      Object.assign(this.cursor, message.cursor);
      this.listener.reset();
    } else if (message.cursor) {
      // What was asked from REST before the stream stood here may lack what happened in between.
      const isFirst = Object.keys(message.cursor).some((service) => !(service in this.cursor));
      Object.assign(this.cursor, message.cursor);
      if (isFirst) this.listener.reset();
    } else if (message.id && message.type) {
      const [service, sequence] = splitId(message.id);
      this.cursor[service] = Math.max(sequence, this.cursor[service] ?? 0);
      this.listener.event(message as StackEvent);
    }
  }

  private closed(): void {
    if (this.ended) return;
    this.listener.state("away");
    // Many pages that lose the same server shall not all come back in the same moment.
    const pause = this.wait * (0.5 + this.random());
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
    this.timer = setTimeout(() => this.start(), pause);
  }
}

export function splitId(id: string): [string, number] {
  const colon = id.lastIndexOf(":");
  return [id.slice(0, colon), Number(id.slice(colon + 1))];
}

export function socketAddress(location: { protocol: string; host: string }): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}
