/** The calls of the page, over fetch. Every refusal becomes a Refusal with the server's own words. */

/** A problem+json answer (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** The server said no, or could not be reached (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The whole problem, for members of its own such as `rows` or `fingerprint`. */
    readonly problem: Partial<Problem> & Record<string, unknown> = {},
    /** How long the server asks to be left alone, in seconds; 0 where it does not say. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /** Whether the same call may work a little later without anyone doing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface CallOptions {
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

export class Http {
  /** The name of the key that calls go out under; null while nobody is signed in. */
  who: string | null = null;

  constructor(private readonly fetch: Fetch = (input, init) => globalThis.fetch(input, init)) {}

  get<T>(path: string, options?: CallOptions): Promise<T> {
    return this.json<T>("GET", path, undefined, options);
  }

  /** The answer's JSON; undefined where it has none (204). `body` is FormData, or becomes JSON. */
  async json<T>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const answer = await this.call(method, path, body, options);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  /** The answer itself, when it is one of success. Throws a Refusal, or what an abort throws. */
  async call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
    const init: RequestInit = { method, headers };
    if (options.signal) init.signal = options.signal;
    if (body instanceof FormData || body instanceof Blob) init.body = body;
    else if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let answer: Response;
    try {
      answer = await this.fetch(path, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Refusal(0, "unreachable", "Darkroom cannot be reached");
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  /** All items of a list, page by page. */
  async all<T>(path: string, options?: CallOptions): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.get(path + more, options);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return items;
  }
}

/** The words of a problem+json answer, or of one that is none. */
export async function refusal(answer: Response): Promise<Refusal> {
  return toRefusal(answer.status, await answer.text(), Number(answer.headers.get("Retry-After")) || 0);
}

export function toRefusal(status: number, body: string, retryAfter = 0): Refusal {
  try {
    const problem = JSON.parse(body) as Partial<Problem> & Record<string, unknown>;
    const words = problem.detail || problem.title || `Answer ${status}`;
    return new Refusal(status, problem.code ?? "unknown", words, problem, retryAfter);
  } catch {
    return new Refusal(status, "unknown", `Answer ${status}`, {}, retryAfter);
  }
}

/** What went wrong, for people. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
