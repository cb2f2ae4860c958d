// The one way to our REST API: requests with the key, and refusals as errors whose sentence can be shown.

const READ_TIMEOUT_MS = 15_000;
const COMMAND_TIMEOUT_MS = 150_000; // several calls may wait for one charge box, 30 s each

const NO_ANSWER = "The central system does not answer. Check the network, and whether it runs.";
const HOW_TO = "csms keys create NAME --role ROLE makes one";

/** The API answered, and said no. `details` has one sentence per field. */
export class Refused extends Error {
  constructor(status, message, details, requestId) {
    super(message);
    this.status = status;
    this.details = details;
    this.requestId = requestId;
  }

  get isForbidden() {
    return this.status === 403;
  }
}

/** Nobody answered: the network, the server, or its machine is away. */
export class Unreachable extends Error {}

/** What went wrong, and what to do next. */
export function advice(error) {
  if (error instanceof Unreachable) return NO_ANSWER;
  if (!(error instanceof Refused)) return `The console itself failed: ${error.message}. Reload the page.`;
  if (error.isForbidden) {
    return `Not allowed: ${error.message}. Ask an administrator for a key with that role; ${HOW_TO}.`;
  }
  if (error.status === 503) return `${error.message}. Try again in a moment.`;
  if (error.status >= 500) return `${error.message} (requestId ${error.requestId}). Tell whoever runs the server.`;
  return [error.message, ...error.details].join("; ");
}

export class Api {
  #key;
  #aheadMs = 0;

  constructor(key) {
    this.#key = key;
  }

  /** The server's time, in ms, so that durations are right although this machine's clock is not. */
  now() {
    return Date.now() + this.#aheadMs;
  }

  /** Read something. `query` values that are null or undefined are left out. */
  async get(path, query = {}) {
    const said = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
    const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
    return this.#answer(await this.#fetch(text ? `${path}?${text}` : path, {}, READ_TIMEOUT_MS));
  }

  /** Send a command, or make something. */
  async post(path, body) {
    const options = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.#answer(await this.#fetch(path, options, COMMAND_TIMEOUT_MS));
  }

  /** What the installation misses: [] when it is ready. */
  async missing() {
    const response = await this.#fetch("readyz", {}, READ_TIMEOUT_MS);
    return (await response.json()).missing ?? [];
  }

  /** All items of a list with cursors, page by page, up to `most`. */
  async all(path, query, most) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.get(path, { ...query, nextPageCursor: cursor });
      items.push(...page.data);
      cursor = page.nextPageCursor;
    } while (cursor && items.length < most);
    return items;
  }

  async #fetch(path, options, timeoutMs) {
    const headers = { ...options.headers, Authorization: `Bearer ${this.#key}` };
    let response;
    try {
      response = await fetch(path, { ...options, headers, cache: "no-store", signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new Unreachable(error.message);
    }
    const aheadMs = Date.parse(response.headers.get("Date")) - Date.now();
    // The header counts whole seconds: a smaller difference says nothing.
    if (!Number.isNaN(aheadMs)) this.#aheadMs = Math.abs(aheadMs) > 2_000 ? aheadMs : 0;
    return response;
  }

  async #answer(response) {
    let body;
    try {
      body = response.status === 204 ? null : await response.json();
    } catch (error) {
      // Cut off in the middle, or a proxy's own page.
      throw new Unreachable(error.message);
    }
    if (response.ok) return body;
    const details = (body.details ?? []).map((detail) => `${detail.field}: ${detail.message}`);
    throw new Refused(response.status, body.message ?? response.statusText, details, body.requestId ?? "none");
  }
}
