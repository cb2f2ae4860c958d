// The list of charge boxes: search, filter, and a row each with its EVSEs.

import { h } from "./elements.js";
import { icon } from "./icons.js";
import { button, joined, note, number } from "./pieces.js";
import { ago, complaint, count, duration, instant, isFaulted, kilowattHours, kilowatts } from "./words.js";
import { numberOf, percent, stateOf } from "./words.js";

const MOST_ROWS = 200;

const FILTERS = {
  all: { label: "All", takes: () => true },
  online: { label: "Online", takes: (box) => box.isOnline },
  offline: { label: "Offline", takes: (box) => !box.isOnline },
  faulted: { label: "Faulted", takes: isFaulted },
};

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** The charge boxes that match what is typed and chosen, and those of them that get a row. */
export function selected(app) {
  const words = app.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matches = app.fleet.boxes.values
    .filter(FILTERS[app.filter].takes)
    .filter((box) => words.every((word) => searchable(app, box).includes(word)))
    .sort((a, b) => COLLATOR.compare(a.chargeBoxIdentity, b.chargeBoxIdentity));
  return { matches, rows: matches.slice(0, MOST_ROWS) };
}

const searchable = (app, box) => `${box.chargeBoxIdentity} ${box.serialNumber} ${about(app, box)}`.toLowerCase();

/** Where it stands, and of which model it is. */
const about = (app, box) =>
  joined(app.fleet.locationName(box.locationId), box.model && `${box.model.vendor} ${box.model.name}`);

/** The left side of the page. */
export function showList(app) {
  const { matches, rows } = selected(app);
  const words = noteOn(app.fleet.boxes, matches, rows);
  return h(
    "section",
    { class: "list", key: "list", "aria-label": "Charge boxes" },
    showTools(app),
    words && note(words, { key: "note", role: "status" }),
    h("ul", { class: "boxes" }, rows.map((box) => showRow(app, box))),
  );
}

function showTools(app) {
  const counts = app.fleet.counts();
  const search = (event) => app.change({ search: event.target.value });
  return h(
    "div",
    { class: "tools" },
    h("input", {
      id: "search",
      type: "search",
      placeholder: "Search by identity, model or place ( / )",
      "aria-label": "Search charge boxes",
      value: app.search,
      on: { input: search },
    }),
    h(
      "div",
      { class: "filters", role: "group", "aria-label": "Show only" },
      Object.keys(FILTERS).map((name) => showFilter(app, name, counts[name])),
    ),
    button("Add …", () => app.admit(null), { look: "add", spoken: "Add a charge box" }),
  );
}

function showFilter(app, name, size) {
  const attributes = { type: "button", class: "filter", "aria-pressed": String(app.filter === name) };
  const choose = () => app.change({ filter: name });
  return h("button", { ...attributes, on: { click: choose } }, FILTERS[name].label, number(size));
}

function noteOn(boxes, matches, rows) {
  if (!boxes.isComplete) return `Reading the list of charge boxes: ${count(boxes.items.size)} so far …`;
  if (boxes.items.size === 0) return "There are no charge boxes yet. Add one here, or admit one that knocks.";
  if (matches.length === 0) return "No charge box matches. Change the search or the filter.";
  if (rows.length === matches.length) return null;
  return `The first ${count(rows.length)} of ${count(matches.length)} charge boxes; search for others.`;
}

function showRow(app, box) {
  const isCurrent = app.pane?.boxId === box.id;
  const looks = ["box", box.isOnline ? "online" : "offline", isCurrent && "current"].filter(Boolean).join(" ");
  return h(
    "li",
    { key: box.id, class: looks, "data-identity": box.chargeBoxIdentity },
    h(
      "div",
      { class: "box-name" },
      h("a", { href: `#/boxes/${box.id}`, "aria-current": isCurrent && "true" }, box.chargeBoxIdentity),
      h("span", { class: "box-place" }, about(app, box)),
    ),
    showOnline(app, box),
    h("ul", { class: "evses" }, box.evses.map((evse) => showChip(app, box, evse))),
  );
}

/** Whether a charge box is connected; if not, since when. */
export function showOnline(app, box) {
  const since = instant(box.lastConnectionEventAt ?? null);
  const words = since === null ? "never seen" : ago(since, app.api.now());
  return h(
    "span",
    { class: `presence ${box.isOnline ? "online" : "offline"}` },
    icon(box.isOnline ? "disc" : "circle"),
    box.isOnline ? "Online" : "Offline",
    !box.isOnline && h("span", { class: "since" }, words),
  );
}

function showChip(app, box, evse) {
  const transaction = app.fleet.transactionAt(evse);
  const state = stateOf(evse, transaction);
  const title = joined(!box.isOnline && "last known state", state.hint, complaint(evse));
  return h(
    "li",
    { key: evse.uid, class: `chip ${state.tone}`, title: title || null, "data-evse": evse.evseId },
    h("span", { class: "chip-number" }, numberOf(evse.evseId)),
    icon(state.icon),
    h("span", { class: "chip-state" }, state.label),
    complaint(evse) !== null && state.tone !== "bad" && icon("warning"),
    transaction && showLive(app, transaction),
  );
}

/** What is known of a running transaction, on one line. */
function showLive(app, transaction) {
  const details = transaction.chargingDetails;
  const startedAt = instant(transaction.startedAt);
  const facts = [
    ["power", kilowatts(details.power)],
    ["energy", kilowattHours(details.consumed)],
    ["soc", percent(details.vehicleStateOfCharge?.current)],
    ["duration", startedAt === null ? null : duration(app.api.now() - startedAt)],
  ];
  const known = facts.filter(([, text]) => text !== null);
  return h("span", { class: "live" }, known.map(([name, text]) => h("span", { class: `live-${name}` }, text)));
}
