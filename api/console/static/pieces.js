// Small pieces that several views are made of.

import { h } from "./elements.js";
import { icon } from "./icons.js";
import { count } from "./words.js";

/** What there is of some facts, on one line. */
export const joined = (...facts) => facts.filter(Boolean).join(" · ");

export const note = (words, attributes = {}) => h("p", { class: "note", ...attributes }, words);

export const number = (value) => h("span", { class: "number" }, count(value));

/** A state as a coloured word with its shape. */
export const badge = ({ tone, label, hint = null, icon: shape }, ...more) =>
  h("span", { class: `badge ${tone}`, title: hint }, icon(shape), label, more);

/** A button. While it is off it keeps the focus, so that the keyboard does not lose its place. */
export function button(label, act, { key, look = null, isOff = false, spoken = null } = {}) {
  const attributes = { type: "button", key, class: look, "aria-label": spoken, "aria-disabled": isOff && "true" };
  return h("button", { ...attributes, on: { click: () => isOff || act() } }, label);
}

/** A table: `rows` are descriptions of `tr`. */
export function table(heads, rows, attributes = {}) {
  const head = heads.map((words) => h("th", { scope: "col" }, words));
  return h("table", attributes, h("thead", null, h("tr", null, head)), h("tbody", null, rows));
}

/** A cell that names its column, for screens too narrow for columns. */
export const cell = (column, ...content) => h("td", { "data-label": column }, content);
