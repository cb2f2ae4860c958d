// How things are said: numbers with their units, moments, durations, and the states of EVSEs.

const number = (digits) =>
  new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const WHOLE = number(0);
const ONE = number(1);
const TWO = number(2);

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const count = (value) => WHOLE.format(value);
export const kilowatts = (value) => (value === null ? null : `${ONE.format(value)} kW`);
export const kilowattHours = (value) => (value === null ? null : `${TWO.format(value)} kWh`);
export const percent = (value) => (value === null || value === undefined ? null : `${WHOLE.format(value)} %`);

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A moment of the API, in ms; both of its forms are UTC. */
export function instant(text) {
  if (!text) return null;
  return Date.parse(text.includes("T") ? text : `${text.replace(" ", "T")}Z`);
}

/** The time of day, with the date when it is not of today; in the local time of whoever looks. */
export function clock(ms) {
  if (ms === null) return null;
  const moment = new Date(ms);
  return moment.toDateString() === new Date().toDateString() ? TIME.format(moment) : DAY.format(moment);
}

/** `34:10` or `1:04:10`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const SPANS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** How long something lasted, roughly: `3 h`. */
export function span(ms) {
  const [size, unit] = SPANS.find(([size]) => Math.abs(ms) >= size) ?? [1_000, "s"];
  return `${Math.round(Math.abs(ms) / size)} ${unit}`;
}

export const ago = (ms, now) => (ms === null ? "never" : now - ms < 1_000 ? "just now" : `${span(now - ms)} ago`);

// The API speaks OCPI: CHARGING says only that the place is taken, BLOCKED that a session pauses.
const STATES = {
  AVAILABLE: { label: "Available", tone: "free", icon: "circle" },
  CHARGING: { label: "Occupied", tone: "busy", icon: "plug", hint: "A cable is plugged in; no transaction is known" },
  BLOCKED: { label: "Suspended", tone: "wait", icon: "pause" },
  RESERVED: { label: "Reserved", tone: "held", icon: "clock" },
  INOPERATIVE: { label: "Out of service", tone: "off", icon: "bar" },
  OUTOFORDER: { label: "Faulted", tone: "bad", icon: "warning" },
  UNKNOWN: { label: "Unknown", tone: "none", icon: "question", hint: "The charge box has not reported it yet" },
  PLANNED: { label: "Planned", tone: "none", icon: "question" },
  REMOVED: { label: "Removed", tone: "none", icon: "bar" },
};
const CHARGING = { label: "Charging", tone: "busy", icon: "bolt" };

/** The state of an EVSE as it is shown: `transaction` is the one that runs there, if any. */
export function stateOf(evse, transaction) {
  if (evse.status === "CHARGING" && transaction?.chargingDetails.status === "Charging") return CHARGING;
  return STATES[evse.status] ?? STATES.UNKNOWN;
}

/** What the connectors of an EVSE complain of, or null. */
export function complaint(evse) {
  const error = evse.connectors.find((connector) => connector.error)?.error;
  if (!error) return null;
  return [error.errorCode, error.info, error.vendorErrorCode && `vendor code ${error.vendorErrorCode}`]
    .filter(Boolean)
    .join(" · ");
}

export const isFaulted = (box) =>
  box.evses.some((evse) => evse.status === "OUTOFORDER" || complaint(evse) !== null);

/** An EVSE's number within its charge box, from `<identity>*n`. */
export const numberOf = (evseId) => evseId.slice(evseId.lastIndexOf("*") + 1);

const STANDARDS = {
  IEC_62196_T2: "Type 2",
  IEC_62196_T2_COMBO: "CCS 2",
  IEC_62196_T1: "Type 1",
  IEC_62196_T1_COMBO: "CCS 1",
  CHADEMO: "CHAdeMO",
  GBT_AC: "GB/T AC",
  GBT_DC: "GB/T DC",
};

/** A plug: `Type 2 socket, 22 kW`. */
export const plug = ({ standard, format, maxElectricPower }) =>
  `${STANDARDS[standard] ?? standard} ${format.toLowerCase()}, ${WHOLE.format(maxElectricPower)} kW`;
