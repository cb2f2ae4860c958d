// What should be seen, and how it gets onto the page.
//
// `h` describes an element, `draw` makes the children of a node look as described. A node that is
// already there is changed and not replaced: so nothing flickers, and focus, selection, scroll and
// what somebody has typed stay, however often the page is drawn. Text only ever becomes text nodes;
// there is no way to pass markup.

const SVG = "http://www.w3.org/2000/svg";

// The person's own doing: said when an element is made, and left alone afterwards.
const ONLY_AT_FIRST = new Set(["value", "open", "checked", "selected"]);

// Node → the description that it shows.
const shown = new WeakMap();

/**
 * Describe an element.
 *
 * Of the attributes, `key` tells siblings apart, `on` has event handlers by event; true is an
 * attribute without a value, and null, undefined and false are none. Children are descriptions
 * or text; null, undefined and false are left out.
 */
export function h(tag, attributes, ...children) {
  const { key, on = {}, ...others } = attributes ?? {};
  const present = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  return { tag, key, on, attributes: others, children: present };
}

/** Make the children of a node look as described. */
export function draw(parent, ...wanted) {
  const focused = document.activeElement;
  place(parent, h("", null, wanted).children);
  // A node that is moved loses the focus.
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

function place(parent, wanted) {
  const nodes = chosen(parent, wanted);
  const kept = new Set(nodes);
  for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
  nodes.forEach((node, position) => {
    const there = parent.childNodes[position] ?? null;
    if (there !== node) parent.insertBefore(node, there);
    refresh(node, wanted[position]);
  });
}

/** For each description the node that shows it: one that is there, or a new one. */
function chosen(parent, wanted) {
  const there = new Map();
  for (const node of parent.childNodes) {
    const name = nameOf(shown.get(node));
    there.set(name, [...(there.get(name) ?? []), node]);
  }
  return wanted.map((description) => there.get(nameOf(description))?.shift() ?? made(parent, description));
}

function nameOf(description) {
  return typeof description === "object" ? `${description.tag} ${description.key ?? ""}` : "text";
}

function made(parent, description) {
  if (typeof description !== "object") return document.createTextNode("");
  const isSvg = description.tag === "svg" || parent.namespaceURI === SVG;
  return isSvg ? document.createElementNS(SVG, description.tag) : document.createElement(description.tag);
}

function refresh(node, description) {
  const before = shown.get(node);
  shown.set(node, description);
  if (typeof description !== "object") {
    if (node.data !== String(description)) node.data = description;
    return;
  }
  refreshAttributes(node, before, description);
  const events = Object.keys({ ...before?.on, ...description.on });
  events.forEach((event) => (node[`on${event}`] = description.on[event] ?? null));
  place(node, description.children);
}

function refreshAttributes(node, before, description) {
  const old = before?.attributes ?? {};
  for (const name of Object.keys({ ...old, ...description.attributes })) {
    if (before && ONLY_AT_FIRST.has(name)) continue;
    const value = description.attributes[name];
    if (before && value === old[name]) continue;
    if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
}
