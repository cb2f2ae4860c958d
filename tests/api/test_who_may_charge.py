"""Who may charge where, from the API's word to the charge box's answer: groups, publication, opening hours."""

import itertools
from typing import Any

import asyncpg
import pytest

from tests.api.charge_box import ChargeBoxEnd, plugged_in
from tests.api.conftest import Api, created

AT = "2026-11-20T10:00:00Z"
CLOSED = {
    "twentyFourSeven": True,
    "exceptionalClosings": [{"periodBegin": "2020-01-01T00:00:00Z", "periodEnd": "2099-01-01T00:00:00Z"}],
}


_SECONDS = itertools.cycle(range(60))


@pytest.fixture
async def customer(sql: asyncpg.Connection) -> int:
    """Another customer than the operator."""
    return int(await sql.fetchval("INSERT INTO customers (name) VALUES ('Guests Ltd') RETURNING id"))


async def group(api: Api, *, location: dict[str, Any], tokens: tuple[dict[str, Any], ...] = ()) -> str:
    """Create an enabled token group with this location and these tokens; returns its URL."""
    made = created(await api.editor.post("/v2/token-groups", json={"name": "Taxis"}))
    url = f"/v2/token-groups/{made['id']}"
    created(await api.editor.post(f"{url}/locations/{location['id']}"))
    for token in tokens:
        created(await api.editor.post(f"{url}/tokens/{token['id']}"))
    return url


async def asked(end: ChargeBoxEnd, id_tag: str) -> str:
    """What the charge box hears when the card is shown to its reader."""
    status: str = (await end.call("Authorize", idTag=id_tag))["idTagInfo"]["status"]
    return status


async def started(end: ChargeBoxEnd, id_tag: str, *, connector: int = 1, at: str = AT) -> tuple[int, str]:
    """Start without asking first; returns the transaction and what the charge box hears."""
    answer = await end.call("StartTransaction", connectorId=connector, idTag=id_tag, meterStart=0, timestamp=at)
    return answer["transactionId"], answer["idTagInfo"]["status"]


async def heard(end: ChargeBoxEnd, id_tag: str) -> tuple[str, str]:
    """The answers at the reader and to a start, which is stopped again."""
    at_reader = await asked(end, id_tag)
    # Each at a second of its own: the same start twice would be a repeat, with the first answer.
    at = f"2026-11-20T09:00:{next(_SECONDS):02}Z"
    transaction, at_start = await started(end, id_tag, at=at)
    await end.stop(transaction, meter=0, at=at)
    return at_reader, at_start


ACCEPTED, BLOCKED = ("Accepted", "Accepted"), ("Blocked", "Blocked")


async def test_a_group_makes_its_locations_exclusive_as_long_as_it_is_enabled(api: Api) -> None:
    here, there = await api.location(), await api.location()
    taxi = await api.token("TAXI")
    await api.token("OTHER")
    async with (
        plugged_in(await api.charge_box(locationId=here["id"])) as grouped,
        plugged_in(await api.charge_box(locationId=there["id"])) as free,
    ):
        assert await heard(grouped, "OTHER") == ACCEPTED
        url = await group(api, location=here, tokens=(taxi,))
        assert await heard(grouped, "OTHER") == BLOCKED
        assert await heard(grouped, "taxi") == ACCEPTED
        assert await heard(free, "OTHER") == ACCEPTED
        assert await heard(free, "TAXI") == ACCEPTED
        await api.editor.post(f"{url}/disable")
        assert await heard(grouped, "OTHER") == ACCEPTED
        await api.editor.post(f"{url}/enable")
        assert await heard(grouped, "OTHER") == BLOCKED
        await api.editor.delete(f"{url}/tokens/{taxi['id']}")
        assert await heard(grouped, "TAXI") == BLOCKED
        await api.editor.delete(f"{url}/locations/{here['id']}")
        assert await heard(grouped, "TAXI") == ACCEPTED


async def test_one_of_several_groups_is_enough_and_a_deleted_one_is_none(api: Api) -> None:
    here = await api.location()
    taxi, bus = await api.token("TAXI"), await api.token("BUS")
    taxis = await group(api, location=here, tokens=(taxi,))
    buses = await group(api, location=here, tokens=(bus,))
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        assert (await heard(end, "TAXI"), await heard(end, "BUS")) == (ACCEPTED, ACCEPTED)
        await api.editor.post(f"{taxis}/disable")
        assert (await heard(end, "TAXI"), await heard(end, "BUS")) == (BLOCKED, ACCEPTED)
        await api.editor.delete(buses)
        assert (await heard(end, "TAXI"), await heard(end, "BUS")) == (ACCEPTED, ACCEPTED)


@pytest.mark.parametrize(
    "said", [{"publish": False}, {"openingTimes": CLOSED}, {"publish": False, "openingTimes": CLOSED}]
)
async def test_a_grant_overrules_publication_and_opening_hours(api: Api, customer: int, said: dict[str, Any]) -> None:
    here = await api.location(**said)
    guest = await api.token("GUEST", customerId=customer)
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        assert await heard(end, "GUEST") == BLOCKED
        url = await group(api, location=here, tokens=(guest,))
        assert await heard(end, "GUEST") == ACCEPTED
        await api.editor.post(f"{url}/disable")
        assert await heard(end, "GUEST") == BLOCKED


async def test_an_unpublished_location_serves_its_own_customer(api: Api, customer: int) -> None:
    here = await api.location(publish=False)
    await api.token("OWN")
    await api.token("GUEST", customerId=customer)
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        assert await heard(end, "OWN") == ACCEPTED
        assert await heard(end, "GUEST") == BLOCKED


async def test_outside_opening_hours_nobody_new_starts(api: Api) -> None:
    here = await api.location(openingTimes=CLOSED)
    await api.token("OWN")
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        assert await heard(end, "OWN") == BLOCKED


async def test_a_refused_start_is_recorded_with_its_answer(api: Api, sql: asyncpg.Connection) -> None:
    here = await api.location()
    await api.token("OTHER")
    await group(api, location=here)
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        transaction, status = await started(end, "OTHER")
        assert status == "Blocked"
        assert (await started(end, "OTHER"))[0] == transaction
    row = await sql.fetchrow("SELECT start_answer, start_repeats FROM transactions WHERE id = $1", transaction)
    assert row is not None
    assert tuple(row) == ("Blocked", 1)


async def test_a_running_session_is_never_refused_at_its_stop(api: Api, sql: asyncpg.Connection) -> None:
    here = await api.location()
    await api.token("DRIVER")
    await api.token("OTHER")
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        transaction, _ = await started(end, "DRIVER")
        await group(api, location=here)
        await sql.execute("UPDATE locations SET publish = false, opening_times = $1", '{"regularHours": []}')
        assert await asked(end, "driver") == "Accepted"
        assert await asked(end, "OTHER") == "Blocked"
        # The reader may have been asked for a second session: that one does not begin.
        second, status = await started(end, "DRIVER", connector=2)
        assert status == "Blocked"
        for one in (second, transaction):
            answer = await end.call(
                "StopTransaction", transactionId=one, idTag="DRIVER", meterStop=5, timestamp="2026-11-20T11:00:00Z"
            )
            assert answer["idTagInfo"]["status"] == "Accepted"
        assert await asked(end, "DRIVER") == "Blocked"


async def test_a_start_that_is_repeated_after_the_place_has_changed_gets_its_first_answer(api: Api) -> None:
    here = await api.location()
    await api.token("DRIVER")
    async with plugged_in(await api.charge_box(locationId=here["id"])) as end:
        first = await started(end, "DRIVER")
        await group(api, location=here)
        assert await started(end, "DRIVER") == first
    assert first[1] == "Accepted"
