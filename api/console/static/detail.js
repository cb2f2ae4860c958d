// The pane of one charge box: what it is, its EVSEs with their buttons, its answers, its health, its messages.

import { availability, reset, showAnswers, stop, unlock } from "./commands.js";
import { showCurve } from "./curve.js";
import { askForToken, confirmReset } from "./dialogs.js";
import { h } from "./elements.js";
import { showHealth } from "./health.js";
import { icon } from "./icons.js";
import { showJournal } from "./journal.js";
import { showOnline } from "./list.js";
import { badge, button, joined, note } from "./pieces.js";
import { clock, complaint, duration, instant, kilowattHours, kilowatts } from "./words.js";
import { numberOf, percent, plug, stateOf } from "./words.js";

const NO_EVSES = "It has no EVSEs yet; they come with its model, or when it reports them.";
const UNKNOWN = "–";

export function showDetail(app) {
  const { pane } = app;
  const { box } = pane;
  if (box === null) {
    const words = pane.isMissing ? "It does not exist, or was deleted. Choose another one." : "Reading …";
    return frame(pane, title(`Charge box ${pane.boxId}`), note(words));
  }
  return frame(
    pane,
    showHead(app, box),
    showAnswers(app.answers.of(box.id), app.api.now()),
    h("ul", { class: "cards" }, box.evses.map((evse) => showEvse(app, box, evse))),
    box.evses.length === 0 && note(NO_EVSES, { key: "no evses" }),
    showHealth(app, pane.health),
    showJournal(app, pane.journal),
  );
}

const frame = (pane, ...content) =>
  h(
    "section",
    { class: "detail", key: `detail-${pane.boxId}`, "aria-labelledby": "detail-title" },
    h("a", { class: "back", href: "#/boxes" }, "‹ All charge boxes"),
    content,
  );

const title = (text) => h("h2", { id: "detail-title", tabindex: "-1" }, text);

function showHead(app, box) {
  const facts = [
    app.fleet.locationName(box.locationId),
    box.model && `${box.model.vendor} ${box.model.name}`,
    box.firmwareVersion && `firmware ${box.firmwareVersion}`,
    `serial ${box.serialNumber}`,
    box.registrationStatus !== "Accepted" && `registration ${box.registrationStatus}`,
  ];
  return h(
    "header",
    { class: "detail-head" },
    h("div", { class: "detail-title" }, title(box.chargeBoxIdentity), showOnline(app, box)),
    h("p", { class: "detail-facts" }, facts.filter(Boolean).map((fact) => h("span", null, fact))),
    h(
      "div",
      { class: "buttons", role: "group", "aria-label": "Charge box" },
      ["Soft", "Hard"].map((type) => showReset(app, box, type)),
    ),
  );
}

function showReset(app, box, type) {
  const isOff = app.answers.isAsking(box.id, reset(box, type));
  return button(`Reset ${type.toLowerCase()} …`, () => confirmReset(app, box, type), { key: type, isOff });
}

function showEvse(app, box, evse) {
  const transaction = app.fleet.transactionAt(evse);
  const state = stateOf(evse, transaction);
  return h(
    "li",
    { key: evse.uid, class: `card ${state.tone}`, "data-evse": evse.evseId },
    h(
      "div",
      { class: "card-head" },
      h("h3", null, `EVSE ${numberOf(evse.evseId)}`),
      badge(state, !box.isOnline && " (last known)"),
    ),
    h("p", { class: "card-plugs" }, evse.connectors.map(plug).join("; ") || "connector not known"),
    complaint(evse) && h("p", { class: "complaint", key: "complaint" }, icon("warning"), complaint(evse)),
    transaction && showTransaction(app, transaction),
    evse.connectors.length > 0 && showButtons(app, box, evse, transaction),
  );
}

function showTransaction(app, transaction) {
  const { chargingDetails: details, auth, reported } = transaction;
  const startedAt = instant(transaction.startedAt);
  const soc = percent(details.vehicleStateOfCharge?.current);
  const started = `started ${clock(startedAt) ?? "at an unknown time"}`;
  const odd = reported.oddities.length > 0 && ` · odd: ${reported.oddities.join(", ")}`;
  return h(
    "div",
    { class: "running", "data-transaction": transaction.id, key: `running-${transaction.id}` },
    h(
      "div",
      { class: "figures" },
      figure("power", "Power", kilowatts(details.power)),
      figure("energy", "Energy", kilowattHours(details.consumed)),
      soc && figure("soc", "Battery", soc),
      figure("duration", "Time", startedAt === null ? null : duration(app.api.now() - startedAt)),
    ),
    showCurve(app.pane.curves.get(transaction.id)?.points ?? []),
    h(
      "p",
      { class: "running-facts" },
      joined(`Transaction ${transaction.id}`, auth.idTag.uid ?? "no token", auth.idTag.label, started),
      odd && h("span", { class: "odd" }, odd),
    ),
  );
}

const figure = (name, label, text) =>
  h(
    "div",
    { class: `figure figure-${name}`, key: name },
    h("span", { class: "figure-label" }, label),
    h("span", { class: "figure-value" }, text ?? UNKNOWN),
  );

function showButtons(app, box, evse, transaction) {
  const ask = (key, label, command, look) => {
    const isOff = app.answers.isAsking(box.id, command);
    return button(label, () => app.answers.send(box.id, command), { key, look, isOff });
  };
  const isOut = evse.status === "INOPERATIVE";
  // A fault hides whether it is in service.
  const isUnclear = evse.status === "OUTOFORDER";
  return h(
    "div",
    { class: "buttons", role: "group", "aria-label": `EVSE ${numberOf(evse.evseId)}` },
    transaction
      ? ask("main", "Stop", stop(evse, transaction), "primary")
      : button("Start …", () => askForToken(app, box, evse), { key: "main", look: "primary" }),
    ask("unlock", "Unlock", unlock(evse)),
    (isOut || isUnclear) && ask("in", "In service", availability(evse, "Operative")),
    !isOut && ask("out", "Out of service", availability(evse, "Inoperative")),
  );
}
