// The power of a running transaction over time, as a small line.
//
// What was measured so far is read once; then each reading that arrives adds a point.

import { h } from "./elements.js";
import { clock, instant, kilowatts } from "./words.js";

const MOST_READINGS = 5_000;
const MOST_POINTS = 240;
const [WIDTH, HEIGHT] = [320, 48];

const POWER = "Power.Active.Import";
const WATTS = { W: 1, kW: 1000 };

export class Curve {
  #api;
  #transactionId;
  #isRead = false;

  constructor(api, transactionId) {
    this.#api = api;
    this.#transactionId = transactionId;
    this.points = []; // of [moment in ms, power in kW], by time
  }

  async refresh(transaction) {
    if (!this.#isRead) {
      const path = `v2/transactions/${this.#transactionId}/meter-values`;
      const readings = await this.#api.all(path, { limit: 2500 }, MOST_READINGS);
      readings.forEach((reading) => this.#add(instant(reading.at), powerOf(reading)));
      this.#isRead = true;
    }
    this.#add(instant(transaction.reported.lastReadingAt), transaction.chargingDetails.power);
  }

  #add(at, powerKw) {
    const isLater = at > (this.points.at(-1)?.[0] ?? 0);
    if (powerKw !== null && isLater) this.points.push([at, powerKw]);
    // Every other point shows the same curve.
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, n) => n % 2 === 0);
  }
}

/** The power of a reading in kW, or null: the sum where the charge box said one, else that of the phases. */
function powerOf(reading) {
  const isPower = ({ measurand, value, unit }) => measurand === POWER && value !== null && unit in WATTS;
  const values = reading.values.filter(isPower);
  const total = values.filter((value) => value.phase === null);
  const summed = total.length > 0 ? total.slice(0, 1) : values.filter((value) => /^L[123](-N)?$/.test(value.phase));
  return summed.length === 0 ? null : summed.reduce((sum, value) => sum + value.value * WATTS[value.unit], 0) / 1000;
}

/** Draw it; nothing before there are two points. */
export function showCurve(points) {
  if (points.length < 2) return null;
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const most = Math.max(...points.map(([, powerKw]) => powerKw), 0.1);
  const x = (at) => (((at - first) / (last - first)) * WIDTH).toFixed(1);
  const y = (powerKw) => (HEIGHT - 2 - (powerKw / most) * (HEIGHT - 6)).toFixed(1);
  const line = points.map(([at, powerKw]) => `${x(at)},${y(powerKw)}`).join(" ");
  const captions = [clock(first), `peak ${kilowatts(most)}`, clock(last)];
  const label = `Power from ${clock(first)} to ${clock(last)}, at most ${kilowatts(most)}`;
  return h(
    "figure",
    { class: "curve", key: "curve" },
    h(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
      h("polygon", { points: `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}` }),
      h("polyline", { points: line, "vector-effect": "non-scaling-stroke" }),
    ),
    h("figcaption", null, captions.map((words) => h("span", null, words))),
  );
}
