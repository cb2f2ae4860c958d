"""What the gateway must know of a charge box before it lets it in, and of an idTag when asked."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy import func, insert, select

from csms.domain.authorization import Presented
from csms.domain.charge_boxes import ChargeBoxKey
from csms.store.database import Database
from csms.store.ledger import tokens
from csms.store.tables import ChargeBoxRow, LocationRow

_UNASSIGNED = "Unassigned"


@dataclass(frozen=True, slots=True)
class KnownChargeBox:
    """A registered charge box, as its handshake needs it. `identity` is spelled as registered."""

    key: ChargeBoxKey
    password_required: bool
    password_hash: bytes | None
    registration_status: str
    booted_at: datetime | None
    ping_policy: str


async def find_charge_box(database: Database, identity: str) -> KnownChargeBox | None:
    """Find a live charge box by its identity, compared without case: an exact spelling is unique all the same."""
    query = select(
        ChargeBoxRow.id,
        ChargeBoxRow.identity,
        ChargeBoxRow.password_required,
        ChargeBoxRow.password_hash,
        ChargeBoxRow.registration_status,
        ChargeBoxRow.booted_at,
        ChargeBoxRow.ping_policy,
    ).where(func.lower(ChargeBoxRow.identity) == func.lower(identity), ChargeBoxRow.deleted_at.is_(None))
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    if row is None:
        return None
    key = ChargeBoxKey(row.id, row.identity)
    return KnownChargeBox(
        key, row.password_required, row.password_hash, row.registration_status, row.booted_at, row.ping_policy
    )


async def register_charge_box(database: Database, identity: str, password_hash: bytes | None) -> KnownChargeBox:
    """
    Register a charge box that presented itself (setting unknown_charge_boxes = register).

    What it presented as a password is its password from now on; without one it needs
    none. It stands at the location "Unassigned" until an operator moves it.
    """
    async with database.write() as connection:
        # One at a time, so that the location is made once and two sockets of one box register it once.
        await connection.execute(select(func.pg_advisory_xact_lock(7_016_001)))
        location = await connection.scalar(
            select(LocationRow.id).where(LocationRow.name == _UNASSIGNED, LocationRow.deleted_at.is_(None)).limit(1)
        )
        if location is None:
            location = await connection.scalar(
                insert(LocationRow)
                .values(
                    name=_UNASSIGNED,
                    address="",
                    postal_code="",
                    city="",
                    country_code="",
                    latitude=0.0,
                    longitude=0.0,
                    publish=False,
                )
                .returning(LocationRow.id)
            )
        known = await connection.scalar(
            select(ChargeBoxRow.id).where(
                func.lower(ChargeBoxRow.identity) == func.lower(identity), ChargeBoxRow.deleted_at.is_(None)
            )
        )
        if known is None:
            await connection.execute(
                insert(ChargeBoxRow).values(
                    identity=identity,
                    serial_number=identity,
                    location_id=location,
                    password_required=password_hash is not None,
                    password_hash=password_hash,
                )
            )
    found = await find_charge_box(database, identity)
    if found is None:
        raise RuntimeError(f"charge box {identity!r} was deleted while it registered")
    return found


async def look_up(database: Database, charge_box_id: int, id_tag: str) -> Presented:
    """Tell what is known of an idTag at a charge box, as the ledger will see it when a start follows."""
    async with database.read() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        (found,) = await tokens.find(driver, [(id_tag, b"", charge_box_id, -1)])
        return found
