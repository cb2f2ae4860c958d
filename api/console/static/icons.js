// Small pictures beside words, never instead of them: shapes differ, so that colour need not.

import { h } from "./elements.js";

const PATHS = {
  bolt: "M9.5 1 3 9.2h4.3L6.3 15 13 6.6H8.6z",
  circle: "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3zm0 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  disc: "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
  plug: "M5 1h1.6v4h2.8V1H11v4h1.5v3.2a4.5 4.5 0 0 1-3.7 4.4V15H7.2v-2.4a4.5 4.5 0 0 1-3.7-4.4V5H5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  clock: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8.8 4H7.2v4.4l3 2.9 1.1-1.2-2.5-2.3z",
  bar: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM4 7v2h8V7z",
  warning: "M8 1.2 15.4 14H.6zM7.1 6v4.2h1.8V6zm0 5.2v1.6h1.8v-1.6z",
  question: "M8 2C5.8 2 4.200 3.500 4 5.700h2C6.200 4.600 6.900 4 8 4s1.800.7 1.800 1.600c0 1.600-2.900 1.900-2.900 5h2c0-2 3-2.300 3-5.200C11.900 3.400 10.300 2 8 2zM6.800 12v2.200H9V12z",
  check: "m6.300 12.700-4.500-4.500 1.500-1.500 3 3 6.400-6.400 1.500 1.500z",
  cross: "m3.800 2.300 4.200 4.200 4.200-4.200 1.500 1.500L9.500 8l4.200 4.200-1.500 1.500L8 9.500l-4.200 4.200-1.500-1.500L6.500 8 2.300 3.800z",
  received: "M9 3 4 8l5 5V9.200h5V6.800H9z",
  sent: "m7 3 5 5-5 5V9.200H2V6.800h5z",
};

export function icon(name) {
  const path = h("path", { "fill-rule": "evenodd", d: PATHS[name] });
  return h("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}
