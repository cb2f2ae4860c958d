// The console's life: log in, then ask, draw, wait, and so on while somebody looks.
//
// `App` is what the views are given: what is known, what is chosen, and the few things they may do.
// A view is a function from it to a description of elements; nothing else touches the page.

import { askToAdmit } from "./admission.js";
import { Api, Refused, Unreachable, advice } from "./api.js";
import { Answers } from "./commands.js";
import { showDetail } from "./detail.js";
import { draw, h } from "./elements.js";
import { Fleet } from "./fleet.js";
import { showHeader } from "./header.js";
import { showKnocks } from "./knocking.js";
import { selected, showList } from "./list.js";
import { askForKey, forgetKey, hasKeyInAddress, knownKey } from "./login.js";
import { Pane } from "./pane.js";
import { Recent, showTransactions } from "./transactions.js";

const ROUND_MS = 2_000;
const TICK_MS = 1_000; // durations go on between rounds

class App {
  #root;
  #wake = () => {};
  #isDue = false;
  #hasLeft = false;

  constructor(root, key) {
    this.#root = root;
    this.api = new Api(key);
    this.fleet = new Fleet(this.api);
    this.recent = new Recent(this.api);
    this.answers = new Answers(this.api, () => this.refreshSoon());
    this.search = "";
    this.filter = "all";
    this.route = "boxes";
    this.pane = null;
    this.trouble = null;
    this.refreshedAt = null;
    this.whyLeft = null;
  }

  /** Ask and draw until the operator logs out, or the key ends. Returns why, to be told at the next login. */
  async run() {
    const stops = [
      listen(window, "hashchange", () => this.#follow(true)),
      listen(document, "visibilitychange", () => document.hidden || this.refreshSoon()),
      listen(document, "keydown", (event) => this.#press(event)),
    ];
    const ticking = setInterval(() => document.hidden || this.draw(), TICK_MS);
    this.#follow(false);
    while (!this.#hasLeft) {
      await this.#round();
      await this.#pause();
    }
    clearInterval(ticking);
    stops.forEach((stop) => stop());
    return this.whyLeft;
  }

  /** Choose something, and show it. */
  change(choice) {
    Object.assign(this, choice);
    this.draw();
  }

  go(hash) {
    location.hash = hash;
  }

  admit(identity) {
    this.attempt(() => askToAdmit(this, identity));
  }

  /** Let the next round begin now. */
  refreshSoon() {
    this.#isDue = true;
    this.draw();
    this.#wake();
  }

  /** Do something beside the rounds; what goes wrong is shown as theirs is. */
  async attempt(act) {
    try {
      await act();
    } catch (error) {
      this.#note(error);
    }
    this.draw();
  }

  /** Forget the key and ask for another one. */
  leave(why) {
    forgetKey();
    this.#hasLeft = true;
    this.whyLeft = why;
    document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
    this.#wake();
  }

  draw() {
    if (this.#hasLeft) return;
    this.fleet.index();
    document.title = titleOf(this.fleet.counts());
    const attributes = { class: `content ${this.route}`, id: "content", key: "content", tabindex: "-1" };
    draw(this.#root, showHeader(this), h("main", attributes, this.#content()));
  }

  #content() {
    if (this.route === "transactions") return showTransactions(this);
    if (this.route === "knocking") return showKnocks(this);
    const looks = this.pane ? "split chosen" : "split";
    return h("div", { class: looks, key: "boxes" }, showList(this), this.pane && showDetail(this));
  }

  async #round() {
    try {
      const visible = selected(this).rows.map((box) => box.id);
      await Promise.all([
        this.fleet.refresh(visible, () => this.draw()),
        this.route === "transactions" && this.recent.refresh(),
        this.route === "boxes" && this.pane?.refresh(),
      ]);
      this.refreshedAt = this.api.now();
      this.trouble = null;
    } catch (error) {
      // Reading needs no role: a key that may not is unknown or revoked.
      if (error instanceof Refused && error.isForbidden) this.leave(`${error.message}.`);
      else this.#note(error);
    }
    this.draw();
  }

  #note(error) {
    const isExpected = error instanceof Refused || error instanceof Unreachable;
    if (!isExpected) console.error(error);
    this.trouble = { words: advice(error), since: this.refreshedAt };
  }

  /** Wait until the next round is due: some seconds, and for as long as nobody looks. */
  async #pause() {
    while (!this.#isDue && !this.#hasLeft) {
      await new Promise((resolve) => {
        const timer = setTimeout(() => this.#wake(), ROUND_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#isDue ||= !document.hidden;
    }
    this.#isDue = false;
  }

  /** Show what the address says. */
  #follow(isMove) {
    if (hasKeyInAddress()) return this.leave(null);
    const [, route = "boxes", id = ""] = location.hash.split("/");
    const before = this.pane?.boxId ?? null;
    this.route = ["transactions", "knocking"].includes(route) ? route : "boxes";
    if (this.route === "boxes") {
      const boxId = /^\d+$/.test(id) ? Number(id) : null;
      if (boxId === null) this.pane = null;
      else if (boxId !== before) this.pane = new Pane(this.api, this.fleet, boxId);
    }
    if (!isMove) return this.draw();
    this.refreshSoon();
    this.#focus(before);
  }

  /** Move the focus to what was opened, or back to where it was opened from. */
  #focus(before) {
    let wanted = "#content";
    if (this.route === "boxes" && this.pane !== null) wanted = "#detail-title";
    else if (this.route === "boxes" && before !== null) wanted = `a[href="#/boxes/${before}"]`;
    document.querySelector(wanted)?.focus();
  }

  #press(event) {
    const isTyping = event.target.closest("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && this.route === "boxes") {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
    if (event.key === "Escape" && this.pane !== null) this.go("#/boxes");
  }
}

function listen(target, event, act) {
  target.addEventListener(event, act);
  return () => target.removeEventListener(event, act);
}

const titleOf = ({ faulted, running }) =>
  [faulted > 0 && `${faulted} faulted`, `${running} charging`, "Console"].filter(Boolean).join(" · ");

async function live(root) {
  let reason = null;
  for (;;) {
    const key = knownKey() ?? (await askForKey(root, reason));
    reason = await new App(root, key).run();
  }
}

live(document.getElementById("app"));
