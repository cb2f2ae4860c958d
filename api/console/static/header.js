// The head of the page: is the installation well, how many of what, where to go.

import { h } from "./elements.js";
import { icon } from "./icons.js";
import { button, number } from "./pieces.js";
import { ago, clock, count, kilowatts, stateOf } from "./words.js";

const STATUSES = ["AVAILABLE", "CHARGING", "BLOCKED", "RESERVED", "INOPERATIVE", "OUTOFORDER", "UNKNOWN"];
const ALWAYS_SHOWN = new Set(["AVAILABLE", "CHARGING"]);

const TABS = [
  { route: "boxes", label: "Charge boxes", size: () => 0 },
  { route: "transactions", label: "Transactions", size: (app) => app.fleet.running.items.size },
  { route: "knocking", label: "Knocking", size: (app) => app.fleet.knocks.length },
];

export function showHeader(app) {
  const leave = button("Log out", () => app.leave(null), { look: "quiet" });
  return h(
    "header",
    { class: "head", key: "head" },
    h("a", { class: "skip", href: "#content", on: { click: skip } }, "Skip to the content"),
    h(
      "div",
      { class: "head-line" },
      h("h1", null, icon("bolt"), "Console"),
      showInstallation(app),
      h("div", { class: "head-links" }, h("a", { href: "docs" }, "API"), leave),
    ),
    h(
      "div",
      { class: "head-line" },
      h("nav", { class: "tabs", "aria-label": "Views" }, TABS.map((tab) => showTab(app, tab))),
      h("ul", { class: "tiles", "aria-label": "Installation" }, tiles(app.fleet.counts())),
    ),
    app.trouble && showTrouble(app.trouble),
  );
}

/** Whether the server says that it can do its work, and how fresh that is. */
function showInstallation(app) {
  const { missing } = app.fleet;
  const isReady = missing?.length === 0 && app.trouble === null;
  let words = "Ready";
  if (app.trouble) words = "No news";
  else if (missing === null) words = "Reading …";
  else if (!isReady) words = `Not ready: ${missing.join(", ")}`;
  const title = app.refreshedAt === null ? null : `Refreshed ${ago(app.refreshedAt, app.api.now())}`;
  const [look, shape] = isReady ? ["ready", "check"] : ["unwell", "warning"];
  return h("p", { class: `installation ${look}`, title }, icon(shape), words);
}

function showTrouble({ words, since }) {
  const stale = since === null ? "Retrying …" : `Retrying; what you see is of ${clock(since)}.`;
  const attributes = { class: "trouble", role: "alert", key: "trouble" };
  return h("p", attributes, icon("warning"), h("span", null, words), h("span", null, stale));
}

function tiles(counts) {
  const statuses = STATUSES.filter((status) => counts.statuses.has(status) || ALWAYS_SHOWN.has(status));
  const rule = (key) => h("li", { key, class: "rule", role: "presentation" });
  return [
    tile("online", "online", count(counts.online), "free"),
    tile("offline", "offline", count(counts.offline), counts.offline > 0 ? "bad" : "none"),
    rule("before statuses"),
    statuses.map((status) => showStatus(status, counts.statuses.get(status) ?? 0)),
    rule("after statuses"),
    tile("running", "live", count(counts.running), "busy"),
    tile("power", "drawn now", kilowatts(counts.powerKw), "busy"),
  ];
}

function showStatus(status, size) {
  const state = stateOf({ status }, null);
  // Whether a transaction is known makes no difference to a count.
  const label = status === "CHARGING" ? "In use" : state.label;
  return tile(status, [icon(state.icon), label], count(size), state.tone);
}

const tile = (name, label, text, tone) =>
  h(
    "li",
    { key: name, class: `tile ${tone}`, "data-count": name },
    h("span", { class: "tile-number" }, text),
    h("span", { class: "tile-label" }, label),
  );

function showTab(app, { route, label, size }) {
  const attributes = { key: route, href: `#/${route}`, "aria-current": app.route === route && "page" };
  return h("a", attributes, label, size(app) > 0 && number(size(app)));
}

function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
