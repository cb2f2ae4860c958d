// What can be asked of a charge box, and what it answered.
//
// A command is answered in the words of the API: its status, and where that is no success, the
// message that says why (refused, silent, not connected). Both are shown as they came.

import { Refused, Unreachable, advice } from "./api.js";
import { h } from "./elements.js";
import { icon } from "./icons.js";
import { clock, duration, numberOf } from "./words.js";

const KEPT = 6;
const SLOW_MS = 3_000;

const NOT_KNOWN = "The central system did not answer. Whether the charge box was asked is not known: see its messages.";

const DONE = new Set(["Accepted", "Unlocked"]);
const LATER = new Set(["Scheduled"]);

const ofConnector = (evse, command) => `v2/evses/${evse.uid}/connectors/${evse.connectors[0].id}/${command}`;
const at = (evse) => `EVSE ${numberOf(evse.evseId)}`;

export const start = (evse, idTag) => ({
  words: `Start ${at(evse)} with ${idTag}`,
  path: ofConnector(evse, "remote-start-transaction"),
  body: { idTag },
});

export const stop = (evse, transaction) => ({
  words: `Stop transaction ${transaction.id} at ${at(evse)}`,
  path: ofConnector(evse, "remote-stop-transaction"),
  body: { transactionId: transaction.id },
});

export const unlock = (evse) => ({ words: `Unlock ${at(evse)}`, path: ofConnector(evse, "unlock"), body: {} });

export const availability = (evse, type) => ({
  words: `${type === "Operative" ? "Put in service" : "Take out of service"}: ${at(evse)}`,
  path: ofConnector(evse, "change-availability"),
  body: { type },
});

export const reset = (box, type) => ({
  words: `${type} reset`,
  path: `v2/chargeboxes/${box.id}/reset`,
  body: { type },
});

/** The commands that were sent from this page, per charge box, with their answers. */
export class Answers {
  #api;
  #onChange;
  #byBox = new Map();
  #number = 0;

  constructor(api, onChange) {
    this.#api = api;
    this.#onChange = onChange;
  }

  of(boxId) {
    return this.#byBox.get(boxId) ?? [];
  }

  /** Send a command and keep what becomes of it. */
  async send(boxId, command) {
    this.#number += 1;
    const { words, path } = command;
    const entry = { number: this.#number, words, path, at: this.#api.now(), state: "asking", said: null };
    this.#byBox.set(boxId, [entry, ...this.of(boxId)].slice(0, KEPT));
    this.#onChange();
    Object.assign(entry, await this.#ask(command));
    this.#onChange();
  }

  /** Whether the charge box is being asked this already. */
  isAsking(boxId, command) {
    return this.of(boxId).some((entry) => entry.state === "asking" && entry.path === command.path);
  }

  async #ask(command) {
    try {
      const answer = await this.#api.post(command.path, command.body);
      const state = DONE.has(answer.status) ? "done" : LATER.has(answer.status) ? "later" : "no";
      return { state, said: answer.error?.message ?? answer.description ?? `Charge box answered ${answer.status}` };
    } catch (error) {
      if (error instanceof Unreachable) {
        return { state: "no", said: NOT_KNOWN };
      }
      return { state: "no", said: error instanceof Refused ? `Not sent. ${advice(error)}` : advice(error) };
    }
  }
}

const MARKS = { asking: "clock", done: "check", later: "clock", no: "cross" };

/** The answers of a charge box, the latest first; read out as they come. */
export function showAnswers(entries, now) {
  const rows = entries.map((entry) =>
    h(
      "li",
      { key: entry.number, class: `answer ${entry.state}`, "data-state": entry.state },
      icon(MARKS[entry.state]),
      h("span", { class: "answer-words" }, h("strong", null, entry.words), " ", entry.said ?? waiting(entry, now)),
      h("time", null, clock(entry.at)),
    ),
  );
  return h("ol", { class: "answers", "aria-live": "polite", "aria-label": "Answers to commands" }, rows);
}

// Its time is for the eye: a live region would be read out every second.
function waiting(entry, now) {
  const elapsed = h("span", { "aria-hidden": "true" }, duration(now - entry.at));
  return ["Asking the charge box … ", now - entry.at > SLOW_MS && elapsed];
}
