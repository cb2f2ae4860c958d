// How a charge box has been: its clock, how it comes and goes, what it departs from, what it was configured to.

import { h } from "./elements.js";
import { joined, note, table } from "./pieces.js";
import { ago, clock, count, instant, plural, span } from "./words.js";

const SKEW_WORTH_A_WORD_MS = 2_000;

export function showHealth(app, health) {
  const summary = h("span", { class: "summary-text" }, health && inShort(health));
  return h(
    "details",
    { class: "section health", key: "health" },
    h("summary", null, h("h3", null, "Health"), summary),
    health && [
      showFacts(health, app.api.now()),
      showDeviations(health.deviations),
      showConnections(health.connection.events),
      showErrors(health.lastErrors),
      showConfiguration(health.configuration),
    ],
  );
}

/** The worst of it, for those who do not open it. */
function inShort({ deviations, connection, lastErrors, days }) {
  const disconnects = Object.values(connection.disconnects).reduce((sum, n) => sum + n, 0);
  const isOff = Math.abs(connection.clockSkewMs ?? 0) >= SKEW_WORTH_A_WORD_MS;
  const odd = joined(
    deviations.length > 0 && plural(deviations.length, "deviation"),
    isOff && `clock ${skew(connection.clockSkewMs)}`,
    disconnects > 0 && plural(disconnects, "disconnect"),
    lastErrors.length > 0 && plural(lastErrors.length, "error"),
  );
  return odd || `nothing odd in ${plural(days, "day")}`;
}

function skew(ms) {
  if (ms === null) return "not known yet";
  if (Math.abs(ms) < 1_000) return "right";
  return `${span(ms)} ${ms > 0 ? "ahead" : "behind"}`;
}

function showFacts(health, now) {
  const { connection, lastBoot } = health;
  const causes = Object.entries(connection.disconnects).map(([cause, n]) => `${cause} ${count(n)}×`);
  const facts = [
    ["Registration", health.registrationStatus],
    ["Connected", connection.isOnline ? `since ${clock(instant(connection.connectedAt)) ?? "?"}` : "no"],
    ["Last heard of", ago(instant(connection.lastSeenAt), now)],
    ["Clock", skew(connection.clockSkewMs)],
    ["Pings", connection.pingPolicy],
    ["Last boot", lastBoot === null ? "none yet" : bootWords(lastBoot)],
    ["Firmware update", health.firmwareStatus],
    ["Diagnostics", health.diagnosticsStatus],
    [`Disconnects in ${plural(health.days, "day")}`, causes.join(", ") || "none"],
  ];
  const known = facts.filter(([, value]) => value !== null);
  return h("dl", { class: "facts" }, known.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

const bootWords = ({ at, vendor, model, firmwareVersion }) =>
  `${clock(instant(at))}: ${joined(vendor, model, firmwareVersion && `firmware ${firmwareVersion}`)}`;

function showDeviations(deviations) {
  const rows = deviations.map(({ kind, action, path, example, count: times, lastAt }) => [
    kind.replaceAll("_", " "),
    joined(action, path),
    h("code", null, example),
    count(times),
    clock(instant(lastAt)),
  ]);
  return part("Deviations from OCPP", ["What", "Where", "Example", "Times", "Last"], rows, "None seen.");
}

function showConnections(events) {
  const rows = events.map(({ at, event, cause, durationS, remoteAddress }) => [
    clock(instant(at)),
    event,
    cause ?? "",
    durationS === null ? "" : span(durationS * 1000),
    remoteAddress ?? "",
  ]);
  return part("Connection history", ["When", "What", "Cause", "Lasted", "Address"], rows, "Nothing in these days.");
}

function showErrors(errors) {
  const rows = errors.map(({ at, connectorId, status, errorCode, info, vendorErrorCode }) => [
    clock(instant(at)),
    connectorId === 0 ? "whole box" : String(connectorId ?? ""),
    [errorCode, status && `(${status})`].filter(Boolean).join(" "),
    joined(info, vendorErrorCode),
  ]);
  return part("Last errors", ["When", "EVSE", "Error", "Info"], rows, "None reported.");
}

function showConfiguration(configuration) {
  const title = "Configuration exchange";
  if (configuration === null) return part(title, [], [], "None yet; it follows an accepted boot.");
  const { outcome, reason, keys = {}, unknown_keys: unknown = [], changes = [] } = configuration.outcome;
  const changed = new Map(changes.map((change) => [change.key, `set to ${change.value}: ${change.status}`]));
  const rows = Object.entries(keys).map(([key, { value, readonly }]) => [
    key,
    value ?? "",
    changed.get(key) ?? (readonly ? "read-only" : ""),
  ]);
  const missing = unknown.length > 0 && `not known to it: ${unknown.join(", ")}`;
  return [
    part(title, ["Key", "Found", "Done"], rows, "No keys were answered."),
    note(joined(clock(instant(configuration.at)), outcome, reason, missing), { key: "exchange" }),
  ];
}

/** A titled table that scrolls; `rows` are arrays of cells. */
function part(title, heads, rows, whenEmpty) {
  const described = rows.map((cells) => h("tr", null, cells.map((content) => h("td", null, content))));
  const scroll = { class: "scroll", tabindex: "0", role: "region", "aria-label": title };
  const content = rows.length === 0 ? note(whenEmpty) : h("div", scroll, table(heads, described));
  return h("div", { key: title }, h("h4", null, title), content);
}
