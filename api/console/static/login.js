// The way in: an API key, typed once and kept for as long as the tab is open.

import { Api, Refused, advice } from "./api.js";
import { draw, h } from "./elements.js";

const STORE = "csms.key";
const HOW_TO = "csms keys create NAME --role operator";
const IN_ADDRESS = /^#key=(.+)$/;

export const hasKeyInAddress = () => IN_ADDRESS.test(location.hash);

/** The key of the address, taken out of it, or the one of this tab; null when there is none. */
export function knownKey() {
  const given = IN_ADDRESS.exec(location.hash);
  if (given) {
    // Neither history nor a copied address is to hold it.
    history.replaceState(null, "", location.pathname);
    sessionStorage.setItem(STORE, given[1]);
  }
  return sessionStorage.getItem(STORE);
}

export const forgetKey = () => sessionStorage.removeItem(STORE);

/** Ask for a key until one is accepted, and keep it. `reason` says why it is asked for again. */
export function askForKey(root, reason) {
  return new Promise((resolve) => {
    const state = { trouble: reason, isBusy: false };
    const submit = async (event) => {
      event.preventDefault();
      const key = new FormData(event.target).get("key").trim();
      if (state.isBusy || !key) return;
      state.isBusy = true;
      state.trouble = await refusal(key);
      state.isBusy = false;
      if (state.trouble !== null) return show();
      sessionStorage.setItem(STORE, key);
      resolve(key);
    };
    const show = () => draw(root, form(state, submit));
    show();
    document.getElementById("key").focus();
  });
}

/** Why a key is not accepted, or null. */
async function refusal(key) {
  try {
    await new Api(key).get("v2/chargeboxes", { limit: 1 });
    return null;
  } catch (error) {
    return error instanceof Refused && error.isForbidden ? `${error.message}.` : advice(error);
  }
}

const form = (state, submit) =>
  h(
    "main",
    { class: "login", key: "login" },
    h(
      "form",
      { on: { submit } },
      h("img", { src: "console/icon.svg", alt: "", width: "48", height: "48" }),
      h("h1", null, "Console"),
      h("label", { for: "key" }, "API key"),
      h("input", { id: "key", name: "key", type: "password", required: true, autocomplete: "current-password" }),
      state.trouble && h("p", { class: "note bad", role: "alert" }, state.trouble),
      h("button", { type: "submit", class: "primary" }, "Log in"),
      h("p", { class: "hint" }, "On the server, ", h("code", null, HOW_TO), " makes one."),
      h("p", { class: "hint" }, "It stays in this tab, and is forgotten with it."),
    ),
  );
