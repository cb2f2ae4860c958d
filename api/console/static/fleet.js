// What is known of the whole installation: its charge boxes, running transactions, knocks, and whether it is ready.

import { Sweep } from "./sweep.js";
import { isFaulted } from "./words.js";

const PAGE = 100;
const PAGES_A_ROUND = 4;
const TRANSACTIONS_PAGE = 500;
const TRANSACTION_PAGES_A_ROUND = 2;

export class Fleet {
  #api;
  #locations = new Map(); // id → name
  #byEvse = new Map(); // EVSE id → its newest running transaction

  constructor(api) {
    this.#api = api;
    this.boxes = new Sweep((cursor) => api.get("v2/chargeboxes", { limit: PAGE, nextPageCursor: cursor }));
    this.running = new Sweep((cursor) =>
      api.get("v2/transactions", { ongoing: true, limit: TRANSACTIONS_PAGE, nextPageCursor: cursor }),
    );
    this.knocks = [];
    this.missing = null;
  }

  /**
   * One round of questions. `visible` are the ids of the charge boxes that are on the screen;
   * `onProgress` is called while the first walk through a long list goes on.
   */
  async refresh(visible, onProgress) {
    const [missing, knocks] = await Promise.all([
      this.#api.missing(),
      this.#api.get("v2/chargeboxes/unknown", { limit: PAGE }),
      this.#advance(onProgress),
      this.running.advance(TRANSACTION_PAGES_A_ROUND),
    ]);
    this.missing = missing;
    this.knocks = knocks.data;
    await this.#refreshVisible(visible);
  }

  /** The newest running transaction of an EVSE. */
  transactionAt(evse) {
    return this.#byEvse.get(evse.evseId) ?? null;
  }

  /** Make the look-up of transactions by EVSE anew; once per drawing is enough. */
  index() {
    this.#byEvse = new Map();
    for (const transaction of this.running.values.sort((a, b) => a.id - b.id)) {
      if (transaction.evseId !== null) this.#byEvse.set(transaction.evseId, transaction);
    }
  }

  /** The name of a location, or null while it is not known. */
  locationName(id) {
    return this.#locations.get(id) ?? null;
  }

  counts() {
    const boxes = this.boxes.values;
    const statuses = new Map();
    for (const evse of boxes.flatMap((box) => box.evses)) {
      statuses.set(evse.status, (statuses.get(evse.status) ?? 0) + 1);
    }
    const running = this.running.values;
    return {
      all: boxes.length,
      online: boxes.filter((box) => box.isOnline).length,
      offline: boxes.filter((box) => !box.isOnline).length,
      faulted: boxes.filter(isFaulted).length,
      statuses,
      running: running.length,
      powerKw: running.reduce((sum, transaction) => sum + (transaction.chargingDetails.power ?? 0), 0),
    };
  }

  async #advance(onProgress) {
    await this.boxes.advance(PAGES_A_ROUND);
    while (!this.boxes.isComplete) {
      onProgress();
      await this.boxes.advance(PAGES_A_ROUND);
    }
  }

  /** In a long list a walk takes many rounds; what is on the screen does not wait for it. */
  async #refreshVisible(visible) {
    const isLong = this.boxes.items.size > PAGE * PAGES_A_ROUND;
    for (let start = 0; isLong && start < visible.length; start += PAGE) {
      const ids = visible.slice(start, start + PAGE).join(",");
      (await this.#api.get("v2/chargeboxes", { ids, limit: PAGE })).data.forEach((box) => this.boxes.put(box));
    }
    await this.#nameLocations(visible);
  }

  async #nameLocations(visible) {
    const wanted = new Set(visible.map((id) => this.boxes.items.get(id)?.locationId));
    const unknown = [...wanted].filter((id) => id && !this.#locations.has(id));
    for (let start = 0; start < unknown.length; start += PAGE) {
      const ids = unknown.slice(start, start + PAGE);
      const { data } = await this.#api.get("v2/locations", { ids: ids.join(","), limit: PAGE });
      ids.forEach((id) => this.#locations.set(id, null));
      data.forEach((location) => this.#locations.set(location.id, `${location.name}, ${location.city}`));
    }
  }
}
