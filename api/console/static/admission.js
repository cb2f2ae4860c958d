// Making a charge box: one that knocked, or one that will come. Its password is shown once.

import { field, openDialog } from "./dialogs.js";
import { h } from "./elements.js";

const MOST_CHOICES = 2_000;
const NEW_PLACE = "new";

/** Ask for what a new charge box needs. `identity` is that of a knock; null lets the operator say it. */
export async function askToAdmit(app, identity) {
  const read = (path) => app.api.all(path, { limit: 100 }, MOST_CHOICES);
  const [models, locations] = await Promise.all([read("v2/chargeboxes/models"), read("v2/locations")]);
  const choices = { models, locations, isNewPlace: locations.length === 0 };
  const dialog = openDialog({
    title: identity === null ? "Add a charge box" : `Admit ${identity}`,
    action: identity === null ? "Add" : "Admit",
    fields: () => fields(identity, choices, () => dialog.redraw()),
    onSubmit: async (data) => {
      if (choices.isNewPlace) await makePlace(app, choices, data);
      const made = await app.api.post("v2/chargeboxes", {
        chargeBoxIdentity: data.get("identity").trim() || null,
        serialNumber: data.get("serialNumber").trim(),
        modelId: Number(data.get("modelId")),
        locationId: choices.made ?? Number(data.get("locationId")),
      });
      showPassword(made);
      app.refreshSoon();
    },
  });
}

/** Make the new location, and choose it: should the charge box be refused, the next try finds it there. */
async function makePlace(app, choices, data) {
  const made = await app.api.post("v2/locations", placeOf(data));
  Object.assign(choices, { locations: [...choices.locations, made], made: made.id, isNewPlace: false });
}

function fields(identity, choices, redraw) {
  const isKnown = identity !== null;
  const known = identity ?? "";
  const hint = isKnown ? null : "The last part of its URL. Left empty, the system chooses one.";
  return [
    field("Identity", text("identity", { value: known, readonly: isKnown, required: false, maxlength: "48" }), hint),
    field("Serial number", text("serialNumber", { value: known, maxlength: "255" })),
    field("Model", modelChoice(choices), "It says which EVSEs and connectors there are."),
    field("Location", locationChoice(choices, redraw)),
    choices.isNewPlace && placeFields(),
  ];
}

const text = (name, more = {}) =>
  h("input", { name, required: true, autocomplete: "off", spellcheck: "false", ...more });

function modelChoice({ models }) {
  const option = ({ id, vendor, name }) => h("option", { value: id }, `${vendor} ${name}`);
  return h("select", { name: "modelId", required: true }, models.map(option));
}

function locationChoice(choices, redraw) {
  const change = (event) => {
    choices.isNewPlace = event.target.value === NEW_PLACE;
    choices.made = null;
    redraw();
  };
  const option = (value, words, isSelected) => h("option", { key: value, value, selected: isSelected }, words);
  return h(
    "select",
    { name: "locationId", on: { change } },
    choices.locations.map(({ id, name, city }) => option(id, `${name}, ${city}`, id === choices.made)),
    option(NEW_PLACE, "A new location …", false),
  );
}

function placeFields() {
  const degrees = (name, most, example) =>
    text(name, { type: "number", step: "any", min: -most, max: most, placeholder: example });
  return h(
    "fieldset",
    { key: "place" },
    h("legend", null, "The new location"),
    field("Name", text("name")),
    field("Address", text("address")),
    field("Postal code", text("postalCode", { maxlength: "20" })),
    field("City", text("city")),
    field("Country", text("countryCode", { pattern: "[A-Za-z]{2}", maxlength: "2", placeholder: "DK" })),
    field("Latitude", degrees("latitude", 90, "55.6761")),
    field("Longitude", degrees("longitude", 180, "12.5683")),
  );
}

const placeOf = (data) => ({
  name: data.get("name"),
  address: data.get("address"),
  postalCode: data.get("postalCode"),
  city: data.get("city"),
  countryCode: data.get("countryCode"),
  coordinates: { latitude: Number(data.get("latitude")), longitude: Number(data.get("longitude")) },
  publish: false,
});

/** Show what has to be typed into the charger. It is not kept: neither here nor, readable, by the server. */
function showPassword(made) {
  const select = (event) => event.target.select();
  const shown = (label, value) =>
    field(label, h("input", { readonly: true, value, spellcheck: "false", on: { focus: select } }));
  openDialog({
    title: `${made.chargeBoxIdentity} may connect`,
    wayOut: "Done",
    fields: () => [
      h("p", null, "Type both into the charge box. The password is shown ", h("strong", null, "only this once"), "."),
      shown("URL", made.ocppUrl),
      shown("Password", made.ocppPassword ?? "none"),
    ],
  });
}
