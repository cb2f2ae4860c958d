// The messages from and to a charge box, the newest first, each to be opened.

import { Refused, advice } from "./api.js";
import { h } from "./elements.js";
import { icon } from "./icons.js";
import { button, note } from "./pieces.js";
import { clock, instant } from "./words.js";

const PAGE = 100;
const MOST_KEPT = 500;
const EXCERPT_LENGTH = 160;

const WAYS = { received: "from the charge box", sent: "to the charge box" };
const KINDS = { 2: "call", 3: "answer", 4: "error" };

export class Journal {
  #api;
  #path;
  #olderCursor = null;

  constructor(api, boxId) {
    this.#api = api;
    this.#path = `v2/chargeboxes/${boxId}/messages`;
    this.isOpen = false;
    this.isRead = false;
    this.trouble = null; // why the key may not read them
    this.messages = [];
  }

  get hasOlder() {
    return this.#olderCursor !== null && this.messages.length < MOST_KEPT;
  }

  /** Read what is new, while somebody looks. */
  async refresh() {
    if (!this.isOpen || this.trouble !== null) return;
    const page = await this.#read({});
    if (page === null) return;
    const known = new Set(this.messages.map((message) => message.id));
    const fresh = page.data.filter((message) => !known.has(message.id)).map(understood);
    // Nothing in common: more came than fits a page, and older ones would hide the gap.
    if (fresh.length === page.data.length) this.#startWith(page, fresh);
    else this.messages = [...fresh, ...this.messages].slice(0, MOST_KEPT);
  }

  async readOlder() {
    const page = await this.#read({ nextPageCursor: this.#olderCursor });
    if (page === null) return;
    this.#olderCursor = page.nextPageCursor;
    this.messages = [...this.messages, ...page.data.map(understood)];
  }

  #startWith(page, fresh) {
    this.#olderCursor = page.nextPageCursor;
    this.messages = fresh;
  }

  async #read(query) {
    try {
      const page = await this.#api.get(this.#path, { limit: PAGE, ...query });
      this.isRead = true;
      return page;
    } catch (error) {
      if (!(error instanceof Refused) || !error.isForbidden) throw error;
      this.trouble = advice(error);
      return null;
    }
  }
}

/** A message with its frame taken apart; a frame that is no JSON stays text. */
function understood(message) {
  let frame = null;
  try {
    frame = JSON.parse(message.frame);
  } catch {
    return { ...message, kind: "unreadable", payload: message.frame };
  }
  const kind = KINDS[frame[0]] ?? "unreadable";
  const payload = kind === "call" ? frame[3] : kind === "answer" ? frame[2] : frame;
  return { ...message, kind, payload };
}

export function showJournal(app, journal) {
  const toggle = (event) => {
    journal.isOpen = event.target.open;
    if (journal.isOpen) app.refreshSoon();
  };
  const isEmpty = journal.messages.length === 0;
  const attributes = { class: "messages", tabindex: isEmpty ? null : "0", "aria-label": "Messages, newest first" };
  return h(
    "details",
    { class: "section journal", key: "journal", on: { toggle } },
    h("summary", null, h("h3", null, "Messages"), h("span", { class: "summary-text" }, "what was said, newest first")),
    journal.trouble && note(journal.trouble, { class: "note bad", role: "alert", key: "trouble" }),
    journal.isRead && isEmpty && note("There are no messages in the journal.", { key: "empty" }),
    h("ol", attributes, journal.messages.map(showMessage)),
    journal.hasOlder && button("Older messages", () => app.attempt(() => journal.readOlder()), { look: "quiet" }),
  );
}

function showMessage(message) {
  const { payload, direction } = message;
  const way = WAYS[direction];
  const isText = typeof payload === "string";
  return h(
    "li",
    { key: message.id, class: `message ${direction} is-${message.kind}` },
    h(
      "details",
      null,
      h(
        "summary",
        null,
        h("time", null, clock(instant(message.at))),
        h("span", { class: "direction", title: way }, icon(direction), h("span", { class: "spoken" }, way)),
        h("span", { class: "action" }, message.action ?? "?"),
        h("span", { class: "kind" }, message.kind),
        h("code", { class: "excerpt" }, (isText ? payload : JSON.stringify(payload)).slice(0, EXCERPT_LENGTH)),
      ),
      h("pre", { tabindex: "0" }, isText ? payload : JSON.stringify(payload, null, 2)),
    ),
  );
}
