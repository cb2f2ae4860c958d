"""The whole way, as an operator goes it: place, price, charge box with its given password, session, charge record."""

from typing import Any

import httpx
import pytest

from simulators import ChargePoint, Options
from tests.api.conftest import Api, created, eventually

_TARIFF = {
    "currency": "DKK",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 2.0, "stepSize": 1, "vat": 0.25}]}],
}
_CHEAPER = {
    "currency": "DKK",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 1.0, "stepSize": 1, "vat": 0.25}]}],
}


async def _charge(api: Api, made: dict[str, Any], tag: str, wh: int) -> dict[str, Any]:
    """Let a simulated charge point deliver so much to a tag, and return the charge record."""
    url = made["ocppUrl"].rsplit("/", 1)[0]
    options = Options(password=made["ocppPassword"], connectors=2)
    async with ChargePoint(url, made["chargeBoxIdentity"], options) as charge_point:
        await charge_point.wait_for(lambda: charge_point.accepted)
        charge_point.plug_in(1)
        record = await charge_point.present_tag(1, tag)
        assert record is not None
        assert record.start_status == "Accepted"
        live = (await api.viewer.get(f"/v2/transactions/{record.transaction_id}")).json()
        assert live.get("endedAt") is None
        charge_point.deliver_wh(1, wh)
        await charge_point.present_tag(1, tag)
        await charge_point.wait_for(lambda: record.settled)
        assert record.meter_stop_wh - record.meter_start_wh == wh

    async def look() -> httpx.Response:
        return await api.viewer.get(f"/v2/charge-records/{record.transaction_id}")

    shown = await eventually(look, lambda answer: answer.json().get("price") is not None)
    found: dict[str, Any] = shown.json()
    return found


@pytest.mark.timeout(60)
async def test_from_a_new_location_to_a_priced_charge_record(api: Api) -> None:
    tariff = created(await api.editor.post("/v2/tariffs", json=_TARIFF))
    location = await api.location(tariffId=tariff["id"], timeZone="Europe/Copenhagen")
    models = (await api.viewer.get("/v2/chargeboxes/models")).json()["data"]
    model = next(model for model in models if model["vendor"] == "Generic" and "2 sockets" in model["name"])
    made = await api.charge_box(locationId=location["id"], modelId=model["id"], chargeBoxIdentity="DK.GOLD.1")
    await api.token("A1B2C3D4")

    record = await _charge(api, made, "A1B2C3D4", 5000)
    # 5.000 kWh at 2.00 is 10.00; with 25 % on top, 12.50.
    assert (record["price"]["amountExVat"], record["price"]["amount"]) == (10.0, 12.5)
    assert (record["consumed"], record["evseId"]) == (5.0, "DK.GOLD.1*1")

    cheaper = created(await api.editor.post("/v2/tariffs", json=_CHEAPER))
    body = {"name": "Guests", "pricing": {"tariffId": cheaper["id"]}, "customerId": 1}
    group = created(await api.editor.post("/v2/voucher-groups", json=body))
    await api.editor.post(f"/v2/voucher-groups/{group['id']}/locations/{location['id']}")
    voucher = created(
        await api.editor.post("/v2/vouchers", json={"code": "GUEST", "voucherGroupId": group["id"], "maxUsers": 5})
    )
    guest = await api.token("0BADCAFE")
    await api.editor.post(f"/v2/vouchers/{voucher['id']}/tokens/{guest['id']}")
    record = await _charge(api, made, "0BADCAFE", 4000)
    # 4.000 kWh at the voucher's 1.00 is 4.00; with 25 % on top, 5.00. The location's own price would be 10.00.
    assert (record["price"]["amount"], record["originalPrice"]["amount"]) == (5.0, 10.0)
    assert record["voucher"]["id"] == voucher["id"]

    assert (await api.editor.delete(f"/v2/locations/{location['id']}")).status_code == 409
    assert (await api.editor.delete(f"/v2/chargeboxes/{made['id']}")).status_code == 204
    assert (await api.editor.delete(f"/v2/locations/{location['id']}")).status_code == 204
