// Charge boxes that were refused because nobody registered them; one click begins their admission.

import { h } from "./elements.js";
import { button, cell, note, table } from "./pieces.js";
import { ago, clock, count, instant } from "./words.js";

const COLUMNS = ["Identity", "Refused because", "From", "Times", "First", "Last", ""];

const LEAD = "They tried to connect and were refused. Admit those that are yours: they come in at their next try.";

const REASONS = { unknown: "not registered here" };

export function showKnocks(app) {
  const { knocks } = app.fleet;
  const rows = knocks.map((knock) => showKnock(app, knock));
  return h(
    "section",
    { class: "page", key: "knocking", "aria-labelledby": "knocking-title" },
    h("h2", { id: "knocking-title" }, "Knocking"),
    h("p", { class: "lead" }, LEAD),
    rows.length === 0 ? note("Nobody knocks.") : table(COLUMNS, rows, { class: "wide" }),
  );
}

function showKnock(app, knock) {
  const identity = knock.chargeBoxIdentity;
  const admit = button("Admit …", () => app.admit(identity), { look: "primary", spoken: `Admit ${identity}` });
  return h(
    "tr",
    { key: identity, "data-identity": identity },
    cell("Identity", h("strong", null, identity)),
    cell("Refused because", REASONS[knock.reason] ?? knock.reason),
    cell("From", knock.remoteAddress),
    cell("Times", count(knock.count)),
    cell("First", clock(instant(knock.firstAt))),
    cell("Last", ago(instant(knock.lastAt), app.api.now())),
    cell("", admit),
  );
}
