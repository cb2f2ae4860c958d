// What is known of the one charge box that is looked at.

import { Refused } from "./api.js";
import { Curve } from "./curve.js";
import { Journal } from "./journal.js";

const HEALTH_EVERY = 5; // rounds; it changes slowly and costs more

export class Pane {
  #api;
  #fleet;
  #round = 0;

  constructor(api, fleet, boxId) {
    this.#api = api;
    this.#fleet = fleet;
    this.boxId = boxId;
    this.journal = new Journal(api, boxId);
    this.curves = new Map(); // transaction id → its power over time
    this.health = null;
    this.isMissing = false;
  }

  get box() {
    return this.#fleet.boxes.items.get(this.boxId) ?? null;
  }

  /** One round of questions. */
  async refresh() {
    const isTurn = this.#round % HEALTH_EVERY === 0;
    this.#round += 1;
    try {
      const health = isTurn && this.#refreshHealth();
      await Promise.all([this.#refreshBox(), this.#refreshRunning(), health, this.journal.refresh()]);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      this.isMissing = true;
    }
  }

  async #refreshHealth() {
    this.health = await this.#api.get(`v2/chargeboxes/${this.boxId}/health`);
  }

  async #refreshBox() {
    const box = await this.#api.get(`v2/chargeboxes/${this.boxId}`);
    this.isMissing = Boolean(box.deletedAt);
    if (this.isMissing) this.#fleet.boxes.items.delete(box.id);
    else this.#fleet.boxes.put(box);
  }

  async #refreshRunning() {
    const running = this.#fleet.running;
    const { data } = await this.#api.get("v2/transactions", { chargeBoxId: this.boxId, ongoing: true });
    const ids = new Set(data.map((transaction) => transaction.id));
    const isOver = (transaction) => transaction.chargeBoxId === this.boxId && !ids.has(transaction.id);
    running.values.filter(isOver).forEach((transaction) => running.items.delete(transaction.id));
    data.forEach((transaction) => running.put(transaction));
    await Promise.all(data.map((transaction) => this.#refreshCurve(transaction)));
  }

  async #refreshCurve(transaction) {
    if (!this.curves.has(transaction.id)) this.curves.set(transaction.id, new Curve(this.#api, transaction.id));
    await this.curves.get(transaction.id).refresh(transaction);
  }
}
