/** The WebSocket of the stack: it comes back by itself, and asks for what it missed. */

import { Store } from "./store";

/** A CloudEvent; `id` is `<service>:<sequence>`. */
export interface StackEvent {
  id: string;
  type: string;
  subject: string;
  time: string;
  data: Record<string, unknown>;
}

export type LiveState = "connecting" | "live" | "away";

/** Somebody who wants the events of some topics. */
export interface Follower {
  event(event: StackEvent): void;
  /** Events may have been missed, and cannot be asked for: ask REST for the present. Also called once at first,
   * when the stream stands: what was loaded before may lack what happened in between. */
  reset(): void;
}

/** The part of WebSocket that is used, so that tests can hand in one of their own. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((message: { data: string }) => void) | null;
  onclose: ((close: { code: number }) => void) | null;
}

interface Following {
  topics: readonly string[];
  follower: Follower;
  /** Services for which the follower has been told that the stream stands. */
  told: Set<string>;
}

/** What the gateway says beside events. */
interface Word {
  reset?: string[];
  cursor?: Record<string, number>;
  error?: { code: string; detail: string };
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

export class Live {
  readonly state = new Store<LiveState>("connecting");
  private socket: Socket | null = null;
  private isOpen = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;
  private cursor: Record<string, number> = {};
  private readonly followings = new Set<Following>();

  constructor(
    private readonly open: () => Socket,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    this.state.set("connecting");
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      this.isOpen = true;
      this.wait = FIRST_WAIT_MS;
      const topics = [...new Set([...this.followings].flatMap((one) => one.topics))];
      if (topics.length) this.subscribe(topics);
      this.state.set("live");
    };
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = () => this.closed();
  }

  /** Hears nothing more, not even of the socket's end, which may come after the next start. */
  stop(): void {
    clearTimeout(this.timer);
    this.isOpen = false;
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  /** Hands the follower what happens, until the function that is returned is called. In a topic, `*` stands for one
   * part, at the end for one or more: `tagging.dataset.3.*`. */
  follow(topics: readonly string[], follower: Follower): () => void {
    const held = new Set([...this.followings].flatMap((one) => one.topics));
    const following: Following = { topics, follower, told: new Set() };
    this.followings.add(following);
    const fresh = topics.filter((topic) => !held.has(topic));
    if (this.isOpen && fresh.length) this.send({ subscribe: fresh });
    else if (this.isOpen) queueMicrotask(() => this.tellStanding(following, this.cursor));
    return () => this.unfollow(following);
  }

  private unfollow(following: Following): void {
    if (!this.followings.delete(following)) return;
    const held = new Set([...this.followings].flatMap((one) => one.topics));
    const dropped = following.topics.filter((topic) => !held.has(topic));
    if (this.isOpen && dropped.length) this.send({ unsubscribe: dropped });
  }

  private subscribe(topics: string[]): void {
    this.send({ subscribe: topics, after: this.cursor });
  }

  private send(message: unknown): void {
    this.socket?.send(JSON.stringify(message));
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as Partial<StackEvent> & Word;
    if (message.id && message.type) this.hear(message as StackEvent);
    else if (message.reset) this.reset(message.reset, message.cursor ?? {});
    else if (message.cursor) this.stand(message.cursor);
    else if (message.error?.code === "unknown_service") {
      // The gateway has other services than it had: what we knew of its streams is of no use.
      this.reset(Object.keys(this.cursor), {});
      this.subscribe([...new Set([...this.followings].flatMap((one) => one.topics))]);
    }
  }

  private hear(event: StackEvent): void {
    const [service, sequence] = splitId(event.id);
    this.cursor[service] = Math.max(sequence, this.cursor[service] ?? 0);
    const topics = topicsOf(event);
    for (const one of this.followings) {
      if (one.topics.some((pattern) => topics.some((topic) => matches(pattern, topic)))) one.follower.event(event);
    }
  }

  private reset(services: string[], cursor: Record<string, number>): void {
    for (const service of services) delete this.cursor[service];
    Object.assign(this.cursor, cursor);
    for (const one of this.followings) {
      const concerned = services.filter((service) => one.topics.some((topic) => isOf(topic, service)));
      for (const service of concerned) one.told.add(service);
      if (concerned.length) one.follower.reset();
    }
  }

  /** The streams stand there. A place that we are ahead of by events already heard stays ours. */
  private stand(cursor: Record<string, number>): void {
    for (const [service, at] of Object.entries(cursor)) this.cursor[service] ??= at;
    for (const one of this.followings) this.tellStanding(one, cursor);
  }

  private tellStanding(one: Following, cursor: Record<string, number>): void {
    const fresh = Object.keys(cursor).filter(
      (service) => !one.told.has(service) && one.topics.some((topic) => isOf(topic, service)),
    );
    for (const service of fresh) one.told.add(service);
    if (fresh.length) one.follower.reset();
  }

  private closed(): void {
    this.isOpen = false;
    this.state.set("away");
    // Many pages that lose the same server shall not all come back in the same moment.
    const pause = this.wait * (0.5 + this.random());
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
    this.timer = setTimeout(() => this.start(), pause);
  }
}

/** An event's topics: its type, and its type with the subject's identity in it (as gateway/topics.py has them). */
export function topicsOf(event: Pick<StackEvent, "type" | "subject">): string[] {
  const identity = event.subject?.includes("/") ? event.subject.slice(event.subject.indexOf("/") + 1) : "";
  const dot = event.type.lastIndexOf(".");
  if (!identity || dot < 0) return [event.type];
  return [event.type, `${event.type.slice(0, dot)}.${identity}${event.type.slice(dot)}`];
}

export function matches(pattern: string, topic: string): boolean {
  const [mine, theirs] = [pattern.split("."), topic.split(".")];
  if (mine.at(-1) === "*" ? theirs.length < mine.length : theirs.length !== mine.length) return false;
  return mine.every((segment, place) => segment === "*" || segment === theirs[place]);
}

function isOf(topic: string, service: string): boolean {
  const first = topic.split(".", 1)[0];
  return first === "*" || first === service;
}

export function splitId(id: string): [string, number] {
  const colon = id.lastIndexOf(":");
  return [id.slice(0, colon), Number(id.slice(colon + 1))];
}

export function socketAddress(location: { protocol: string; host: string }): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}
