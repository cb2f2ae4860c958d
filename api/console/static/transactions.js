// Transactions that run, and those that ended of late.

import { stop } from "./commands.js";
import { h } from "./elements.js";
import { icon } from "./icons.js";
import { badge, button, cell, joined, note, number, table } from "./pieces.js";
import { clock, duration, instant, kilowattHours, kilowatts, percent } from "./words.js";

const PAGE = 50;
const MOST_ROWS = 500;
const COLUMNS = ["Transaction", "EVSE", "Token", "Started", "Time", "Energy", "Power", "Battery", "State", ""];

const STATES = {
  Charging: { tone: "busy", label: "Charging", icon: "bolt" },
  Suspended: { tone: "wait", label: "Suspended", icon: "pause" },
};

/** The transactions that ended last, the latest first; older ones on demand. */
export class Recent {
  #api;
  #olderCursor = null;

  constructor(api) {
    this.#api = api;
    this.items = new Map();
    this.isRead = false;
  }

  get hasOlder() {
    return this.#olderCursor !== null && this.items.size < MOST_ROWS;
  }

  async refresh() {
    const cursor = await this.#read(null);
    if (!this.isRead) this.#olderCursor = cursor;
    this.isRead = true;
  }

  async readOlder() {
    this.#olderCursor = await this.#read(this.#olderCursor);
  }

  async #read(nextPageCursor) {
    const ended = { sortBy: "endedAt", endedAtFrom: "1970-01-01T00:00:00.000Z" };
    const page = await this.#api.get("v2/transactions", { ...ended, limit: PAGE, nextPageCursor });
    page.data.forEach((transaction) => this.items.set(transaction.id, transaction));
    return page.nextPageCursor;
  }
}

export function showTransactions(app) {
  const { running } = app.fleet;
  const byId = running.values.sort((a, b) => b.id - a.id);
  const older = () => app.attempt(() => app.recent.readOlder());
  const byEnd = [...app.recent.items.values()].sort((a, b) => instant(b.endedAt) - instant(a.endedAt));
  return h(
    "section",
    { class: "page", key: "transactions", "aria-label": "Transactions" },
    part(app, "Running", byId, running.isComplete ? "No transaction runs." : "Reading …"),
    part(app, "Recent", byEnd, app.recent.isRead ? "None has ended yet." : "Reading …"),
    app.recent.hasOlder && button("Older transactions", older, { look: "quiet" }),
  );
}

function part(app, title, transactions, whenEmpty) {
  const rows = transactions.slice(0, MOST_ROWS).map((transaction) => showRow(app, transaction));
  return [
    h("h2", { id: `${title}-title`, key: `${title}-title` }, title, number(transactions.length)),
    rows.length === 0
      ? note(whenEmpty, { key: `no-${title}` })
      : table(COLUMNS, rows, { class: "wide", key: title, "aria-labelledby": `${title}-title` }),
  ];
}

function showRow(app, transaction) {
  const { chargingDetails: details, auth, evseId, chargeBoxId } = transaction;
  const isRunning = transaction.endedAt === null;
  const startedAt = instant(transaction.startedAt);
  const endedAt = isRunning ? app.api.now() : instant(transaction.endedAt);
  const soc = details.vehicleStateOfCharge;
  return h(
    "tr",
    { key: transaction.id, "data-transaction": transaction.id },
    cell("Transaction", transaction.id),
    cell("EVSE", h("a", { href: `#/boxes/${chargeBoxId}` }, evseId ?? `charge box ${chargeBoxId}`)),
    cell("Token", joined(auth.idTag.uid ?? "none", auth.idTag.label)),
    cell("Started", clock(startedAt) ?? "not known"),
    cell("Time", startedAt !== null && duration(endedAt - startedAt)),
    cell("Energy", kilowattHours(details.consumed)),
    cell("Power", isRunning && kilowatts(details.power)),
    cell("Battery", percent(soc?.current ?? soc?.stop)),
    cell("State", showState(transaction), showOdd(transaction.reported)),
    cell("", isRunning && showStop(app, transaction)),
  );
}

function showState({ endedAt, chargingDetails, reported }) {
  if (endedAt === null) return badge(STATES[chargingDetails.status]);
  // OCPP 1.6, 6.45: a stop without a reason is Local.
  const why = reported.endCause === "reported" ? (reported.stopReason ?? "Local") : `inferred: ${reported.endCause}`;
  return `Ended, ${why}`;
}

const showOdd = ({ oddities }) =>
  oddities.length > 0 && h("span", { class: "odd" }, icon("warning"), oddities.join(", "));

function showStop(app, transaction) {
  const box = app.fleet.boxes.items.get(transaction.chargeBoxId);
  const evse = box?.evses.find((one) => one.evseId === transaction.evseId);
  if (!evse?.connectors.length) return null;
  const command = stop(evse, transaction);
  const act = () => {
    // Its answer is shown beside the charge box.
    app.go(`#/boxes/${box.id}`);
    app.answers.send(box.id, command);
  };
  const isOff = app.answers.isAsking(box.id, command);
  return button("Stop", act, { isOff, spoken: `Stop transaction ${transaction.id}` });
}
