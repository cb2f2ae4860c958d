// Questions to the operator: a modal dialog with a form, and those that are asked about one charge box.

import { advice } from "./api.js";
import { reset, start } from "./commands.js";
import { draw, h } from "./elements.js";
import { button, joined, note } from "./pieces.js";
import { numberOf, plural } from "./words.js";

/**
 * Open a dialog.
 *
 * `fields` makes its content and is asked again after `redraw()`. `onSubmit` gets the form's data; when
 * it fails the dialog stays and says why, else it closes. Without `onSubmit` there is only a way out.
 */
export function openDialog({ title, fields, action = null, look = "primary", onSubmit = null, wayOut = "Cancel" }) {
  const dialog = document.createElement("dialog");
  const state = { trouble: null, isBusy: false };
  dialog.setAttribute("aria-labelledby", "dialog-title");

  const submit = async (event) => {
    event.preventDefault();
    if (state.isBusy) return;
    const data = new FormData(event.target);
    state.isBusy = true;
    state.trouble = null;
    redraw();
    try {
      await onSubmit(data);
      dialog.close();
    } catch (error) {
      state.trouble = advice(error);
    } finally {
      state.isBusy = false;
      redraw();
    }
  };

  const redraw = () =>
    draw(
      dialog,
      h(
        "form",
        { on: { submit } },
        h("h2", { id: "dialog-title" }, title),
        fields(),
        state.trouble && note(state.trouble, { class: "note bad", role: "alert" }),
        h(
          "div",
          { class: "buttons" },
          button(wayOut, () => dialog.close(), { look: "quiet" }),
          onSubmit && h("button", { type: "submit", class: look, "aria-disabled": state.isBusy && "true" }, action),
        ),
      ),
    );

  redraw();
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { redraw };
}

/** A labelled control. */
export const field = (label, control, hint = null) =>
  h(
    "label",
    { class: "field" },
    h("span", { class: "field-label" }, label),
    control,
    hint && h("span", { class: "hint" }, hint),
  );

/** Ask with which token to start, and start. */
export function askForToken(app, box, evse) {
  let tokens = [];
  const attributes = { name: "idTag", list: "tokens", required: true, maxlength: "20", autofocus: true };
  const dialog = openDialog({
    title: `Start at ${box.chargeBoxIdentity}, EVSE ${numberOf(evse.evseId)}`,
    action: "Start",
    fields: () => [
      field(
        "Token",
        h("input", { ...attributes, autocomplete: "off", spellcheck: "false" }),
        "Choose a token of ours, or type the idTag as the charge box is to see it.",
      ),
      h("datalist", { id: "tokens" }, tokens.map(choice)),
    ],
    // The dialog need not wait for the charge box; its answer is shown beside it.
    onSubmit: async (data) => void app.answers.send(box.id, start(evse, data.get("idTag").trim())),
  });
  app.attempt(async () => {
    const { data } = await app.api.get("v2/tokens", { limit: 1000 });
    tokens = data.filter((token) => token.isActive);
    dialog.redraw();
  });
}

const choice = ({ identifier, comment }) =>
  h("option", { value: identifier.uid }, joined(identifier.label, comment, identifier.type));

const RESETS = {
  Soft: "It ends its transactions in good order and restarts its software.",
  Hard: "It restarts its hardware at once. Transactions that run may end without their last meter value.",
};

/** Ask whether the reset is meant, and reset. */
export function confirmReset(app, box, type) {
  const running = box.evses.filter((evse) => app.fleet.transactionAt(evse) !== null).length;
  openDialog({
    title: `${type} reset of ${box.chargeBoxIdentity}?`,
    action: `Reset ${type.toLowerCase()}`,
    look: "grave",
    fields: () => [
      h("p", null, RESETS[type]),
      running > 0 && note(`Running there now: ${plural(running, "transaction")}.`, { class: "note bad" }),
    ],
    onSubmit: async () => void app.answers.send(box.id, reset(box, type)),
  });
}
