"""Settlement: whatever is due is priced once, by whichever node, and again when it was corrected."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from csms.settlement import settle_all
from csms.store.database import Database
from tests.wire import add_token, register

Sql = asyncpg.Connection

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
_ENERGY = '{"currency": "EUR", "elements": [{"priceComponents": [{"type": "ENERGY", "price": %s}]}]}'


async def tariff(sql: Sql, id: str, document: str, **columns: Any) -> None:
    """Make a version of a tariff, of long ago."""
    values = {"id": id, "version": 1, "document": document, "created_at": datetime(2025, 1, 1, tzinfo=UTC)} | columns
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await sql.execute(f"INSERT INTO tariffs ({', '.join(values)}) VALUES ({marks})", *values.values())


@pytest.fixture
async def location(sql: Sql) -> int:
    """A location with a tariff of 1 EUR per kWh."""
    await tariff(sql, "t", _ENERGY % 1)
    return int(
        await sql.fetchval(
            """
            INSERT INTO locations (name, address, postal_code, city, country_code, latitude, longitude, publish,
                                   time_zone, tariff_id)
            VALUES ('Harbour', 'Havnegade 1', '1058', 'København', 'DK', 55, 12, true, 'Europe/Copenhagen', 't')
            RETURNING id
            """
        )
    )


@pytest.fixture
async def box(sql: Sql, location: int) -> int:
    """A charge box there."""
    return await register(sql, "BOX1", location_id=location)


async def ended(sql: Sql, box: int, *, count: int = 1, **columns: Any) -> list[int]:
    """Transactions of 10 kWh that are over, and due."""
    values = {
        "charge_box_id": box,
        "location_id": await sql.fetchval("SELECT location_id FROM charge_boxes WHERE id = $1", box),
        "start_answer": "Accepted",
        "started_at": NOON,
        "ended_at": NOON.replace(hour=13),
        "last_evidence_at": NOON,
        "meter_start_wh": 1000,
        "meter_stop_wh": 11_000,
        "tariff_id": "t",
        "tariff_version": 1,
    } | columns
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    statement = f"INSERT INTO transactions ({', '.join(values)}) VALUES ({marks}) RETURNING id"
    numbers = [int(await sql.fetchval(statement, *values.values())) for _ in range(count)]
    await sql.executemany("INSERT INTO charge_records (transaction_id) VALUES ($1)", [(number,) for number in numbers])
    return numbers


async def settle(database: Database) -> int:
    """Settle what is due."""
    return await settle_all(database, now=datetime.now(UTC), co2_g_per_kwh=100)


async def amounts(sql: Sql, column: str = "price") -> list[float | None]:
    """What was settled, in the order of the transactions."""
    query = f"SELECT ({column} ->> 'amount')::float8 AS amount FROM charge_records ORDER BY transaction_id"
    return [row["amount"] for row in await sql.fetch(query)]


async def test_what_is_due_is_settled_once_by_several_nodes_at_once(
    sql: Sql, database: Database, database_url: str, box: int
) -> None:
    numbers = await ended(sql, box, count=50)
    other = Database(database_url)
    assert sum(await asyncio.gather(settle(database), settle(other), settle(database))) == 50
    await other.close()
    assert await settle(database) == 0
    assert await amounts(sql) == [10] * 50
    events = await sql.fetch("SELECT transaction_id, data FROM events WHERE kind = 'charge_record.settled' ORDER BY 1")
    assert [row["transaction_id"] for row in events] == numbers
    assert '"amount": 10' in events[0]["data"]
    row = await sql.fetchrow("SELECT * FROM charge_records LIMIT 1")
    assert row is not None
    assert (row["charging_s"], row["idle_s"], row["co2_emitted_g"]) == (3600, 0, 1000)
    assert row["priced_at"] is not None


async def test_a_record_in_other_hands_is_passed_over(sql: Sql, database: Database, box: int) -> None:
    first, second = await ended(sql, box, count=2)
    async with sql.transaction():
        await sql.fetch("SELECT FROM charge_records WHERE transaction_id = $1 FOR UPDATE", first)
        assert await settle(database) == 1
        assert await sql.fetchval("SELECT priced_at FROM charge_records WHERE transaction_id = $1", second) is not None
    assert await settle(database) == 1


async def test_readings_tell_when_the_energy_flowed(sql: Sql, database: Database, box: int) -> None:
    by_night = """
        {"currency": "EUR", "elements": [
            {"priceComponents": [{"type": "ENERGY", "price": 2}], "restrictions": {"startTime": "13:30"}},
            {"priceComponents": [{"type": "ENERGY", "price": 1}]}]}
    """
    await tariff(sql, "n", by_night)
    # 12:00 to 13:00 UTC is 13:00 to 14:00 in Copenhagen; 8 of the 10 kWh flow in the first half of it.
    (number,) = await ended(sql, box, tariff_id="n")
    shape = '[["Energy.Active.Import.Register", "kWh", null, "Sample.Periodic", "Outlet", "Raw"]]'
    shape_id = await sql.fetchval(
        "INSERT INTO reading_shapes (digest, definition) VALUES ('x', $1) RETURNING id", shape
    )
    await sql.execute(
        """
        INSERT INTO meter_values (charge_box_id, at, digest, received_at, transaction_id, shape_id, connector_id, link,
                                  values)
        VALUES ($1, $2, 1, $2, $3, $4, 1, 1, '{9}')
        """,
        box,
        NOON.replace(minute=30),
        number,
        shape_id,
    )
    await settle(database)
    assert await amounts(sql) == [8 * 1 + 2 * 2]


async def test_what_cannot_be_priced_has_no_price_and_holds_nothing_up(
    sql: Sql, database: Database, box: int, caplog: pytest.LogCaptureFixture
) -> None:
    await tariff(sql, "broken", "{}")
    await ended(sql, box, tariff_id="broken")
    await ended(sql, box)
    with caplog.at_level(logging.WARNING, "csms.settlement"):
        assert await settle(database) == 2
    assert await amounts(sql) == [None, 10]
    assert "has no price: currency" in caplog.text


async def test_the_original_price_is_by_the_version_that_the_location_had_then(
    sql: Sql, database: Database, location: int, box: int
) -> None:
    await tariff(sql, "v", _ENERGY % 0.1)
    await tariff(sql, "t", _ENERGY % 9, version=2, created_at=datetime.now(UTC).replace(year=2999))
    group = "INSERT INTO voucher_groups (name, tariff_id) VALUES ('g', $1) RETURNING id"
    voucher = "INSERT INTO vouchers (code, voucher_group_id) VALUES ($1, $2) RETURNING id"
    cheap = await sql.fetchval(voucher, "CHEAP", await sql.fetchval(group, "v"))
    free = await sql.fetchval(voucher, "FREE", await sql.fetchval(group, None))
    await ended(sql, box, voucher_id=cheap, tariff_id="v")
    await ended(sql, box, voucher_id=free, tariff_id=None, tariff_version=None)
    await settle(database)
    assert (await amounts(sql), await amounts(sql, "original_price")) == ([1, 0], [10, 10])
    methods = await sql.fetch("SELECT payment_method FROM charge_records ORDER BY transaction_id")
    assert [row["payment_method"] for row in methods] == ["Unknown", "Free"]


async def test_the_tokens_customer_says_how_it_is_paid(sql: Sql, database: Database, box: int) -> None:
    details = '{"billingDetails": {"paymentMethod": "Invoice"}}'
    customer = await sql.fetchval("INSERT INTO customers (name, details) VALUES ('Van', $1) RETURNING id", details)
    await ended(sql, box, token_id=await add_token(sql, "TAG1", customer_id=customer))
    await settle(database)
    assert await sql.fetchval("SELECT payment_method FROM charge_records") == "Invoice"
