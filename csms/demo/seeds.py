"""
What the demo's installation has before the first car comes: something of everything.

Two places: Demo Street, published, with a tariff by day and night; and Demo Depot, which
nobody sees and only the taxis of a token group may use. Made once; a demo that runs again
finds it by its names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from csms.domain.pricing import tariff_from_spirii, tariff_to_spirii
from csms.domain.status import TemporaryStatus
from csms.store import (
    customers,
    locations,
    tariffs,
    temporary_evse_statuses,
    token_groups,
    tokens,
    voucher_groups,
    vouchers,
)
from csms.store.customers import CustomerType, NewCustomer
from csms.store.database import Database
from csms.store.locations import NewLocation
from csms.store.pages import Section, Window
from csms.store.tokens import NewToken
from csms.store.voucher_groups import NewVoucherGroup
from csms.store.vouchers import NewVoucher, User

ACTOR = "demo"

_ALL: Window[Any] = Window(limit=1000)
_ROWS = Section(limit=1000)
_TAXIS = "Demo Taxis"
_GUESTS = "Demo guests"
_VOUCHER = "DEMO-GUEST"
_DAY_AND_NIGHT = "58652fe8-d840-4aa4-bb4f-3ebd944df9d6"
_HALF_PRICE = "2606f342-1d11-4c6e-8b0e-5d2c1a7f9e30"


def _energy(price: float, **restrictions: Any) -> dict[str, Any]:
    element: dict[str, Any] = {"priceComponents": [{"type": "ENERGY", "price": price, "stepSize": 1, "vat": 0.25}]}
    return element | ({"restrictions": restrictions} if restrictions else {})


def _in_words(text: str) -> list[dict[str, str]]:
    return [{"language": "en", "text": text}]


_TARIFFS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        _DAY_AND_NIGHT: {
            "currency": "DKK",
            "type": "REGULAR",
            "tariffAltText": _in_words(
                "3.50 kr. per kWh by day, 2.50 kr. by night; 0.50 kr. per minute without charging"
            ),
            "elements": [
                _energy(3.5, startTime="06:00", endTime="22:00"),
                _energy(2.5),
                {"priceComponents": [{"type": "PARKING_TIME", "price": 30, "stepSize": 60, "vat": 0.25}]},
            ],
        },
        _HALF_PRICE: {
            "currency": "DKK",
            "type": "REGULAR",
            "tariffAltText": _in_words("1.75 kr. per kWh for guests"),
            "elements": [_energy(1.75)],
        },
    }
)


@dataclass(frozen=True)
class Places:
    """The ids of the two locations."""

    street: int
    depot: int


async def make(database: Database, *, public_tags: Sequence[str], taxi_tags: Sequence[str]) -> Places:
    """
    Make what is not there yet.

    Args:
        database: where.
        public_tags: the uids of the tokens of drivers at Demo Street; the first of them has a voucher.
        taxi_tags: those of the taxis, who alone may charge at Demo Depot.
    """
    taxi_company = await _customer(database)
    for tariff_id, document in _TARIFFS.items():
        await _tariff(database, tariff_id, document)
    places = Places(street=await _location(database, _STREET), depot=await _location(database, _depot(taxi_company)))
    known = await _tokens(
        database, dict.fromkeys(public_tags, customers.OPERATOR) | dict.fromkeys(taxi_tags, taxi_company)
    )
    await _token_group(database, taxi_company, places.depot, [known[tag] for tag in taxi_tags])
    await _voucher(database, places.street, known[public_tags[0]])
    return places


async def reserve(database: Database, evse_id: str) -> None:
    """Tell everybody for a day that an EVSE is reserved, unless something is told of one already."""
    now = datetime.now(UTC)
    if not await temporary_evse_statuses.list(database, active_at=now):
        await temporary_evse_statuses.create(
            database,
            evse_id,
            TemporaryStatus.RESERVED,
            valid_from=now,
            valid_to=now + timedelta(days=1),
            actor=ACTOR,
        )


async def _customer(database: Database) -> int:
    there, _ = await customers.list(database, customers.Filter(search=_TAXIS), _ROWS)
    if there:
        return there[0].id
    contact = {"name": "Ida Jensen", "email": "ida@example.com", "phone": "+45 70 00 00 00"}
    new = NewCustomer(_TAXIS, CustomerType.BUSINESS, "DK", customers.OPERATOR, "TAXI-1", {"contactDetails": contact})
    return (await customers.create(database, new, actor=ACTOR)).id


async def _tariff(database: Database, tariff_id: str, document: Mapping[str, Any]) -> None:
    if tariff_id not in {tariff.id for tariff in (await tariffs.list(database, _ALL)).items}:
        read = tariff_to_spirii(tariff_from_spirii(document, id=tariff_id))
        await tariffs.create(database, tariff_id, read, actor=ACTOR)


_STREET = NewLocation(
    name="Demo Street",
    address="Demo Street 1",
    postal_code="1799",
    city="Copenhagen",
    country_code="DK",
    latitude=55.6665,
    longitude=12.5340,
    publish=True,
    parking_type="ON_STREET",
    facilities=("CAFE", "WIFI"),
    opening_times=None,
    tariff_id=_DAY_AND_NIGHT,
    allow_priority_charging=True,
    billing_reference=None,
    customer_id=customers.OPERATOR,
    directions=_in_words("Opposite the old brewery"),
    energy_mix={"isGreenEnergy": True, "energySources": [{"source": "WIND", "percentage": 100}], "environImpact": []},
    help_phone="+45 70 00 00 00",
)


def _depot(customer_id: int) -> NewLocation:
    return NewLocation(
        name="Demo Depot",
        address="Dock Road 7",
        postal_code="2450",
        city="Copenhagen",
        country_code="DK",
        latitude=55.6478,
        longitude=12.5415,
        publish=False,
        parking_type="PARKING_LOT",
        facilities=(),
        opening_times=None,
        tariff_id=_DAY_AND_NIGHT,
        allow_priority_charging=False,
        billing_reference="Depot",
        customer_id=customer_id,
    )


async def _location(database: Database, new: NewLocation) -> int:
    for location in (await locations.list(database, _ALL)).items:
        if location.said.name == new.name:
            return location.id
    return (await locations.create(database, new, actor=ACTOR)).id


async def _tokens(database: Database, customer_of: Mapping[str, int]) -> Mapping[str, int]:
    """Make the tokens that are not there yet; returns the ids of all by their uids."""
    there, _ = await tokens.list(database, tokens.Filter(), _ROWS)
    missing = customer_of.keys() - {token.uid for token in there}
    new = [
        NewToken(
            customer_id=customer_of[tag],
            type="rfid",
            uid=tag,
            label=f"Demo driver {tag[-1]}",
            app_user_id=None,
            valid_from=None,
            expires_at=None,
            is_active=True,
            roaming_enabled=True,
            priority_charging_enabled=False,
            billing_reference=None,
            comment=None,
        )
        for tag in sorted(missing)
    ]
    made = await tokens.create(database, new, actor=ACTOR)
    return {token.uid: token.id for token in (*there, *made)}


async def _token_group(database: Database, customer_id: int, location_id: int, token_ids: Sequence[int]) -> None:
    there, _ = await token_groups.list(database, token_groups.Filter(search=_TAXIS), _ROWS)
    group = (there and there[0]) or await token_groups.create(
        database, name=_TAXIS, customer_id=customer_id, disabled=False, actor=ACTOR
    )
    # Tokens first: from its first location on, the group decides who may charge there.
    for token_id in token_ids:
        await token_groups.link(database, token_groups.TOKENS, group.id, token_id, actor=ACTOR)
    await token_groups.link(database, token_groups.LOCATIONS, group.id, location_id, actor=ACTOR)


async def _voucher(database: Database, location_id: int, token_id: int) -> None:
    there, _ = await voucher_groups.list(database, voucher_groups.Filter(search=_GUESTS), _ROWS)
    new = NewVoucherGroup(name=_GUESTS, tariff_id=_HALF_PRICE, customer_id=None, notes="Half price")
    group = there[0] if there else await voucher_groups.create(database, new, actor=ACTOR)
    await voucher_groups.link(database, group.id, location_id, actor=ACTOR)
    found, _ = await vouchers.list(database, vouchers.Filter(code=_VOUCHER), _ROWS)
    if not found:
        voucher = await vouchers.create(database, NewVoucher(_VOUCHER, group.id, 100, None), actor=ACTOR)
        await vouchers.link(database, User.TOKEN, voucher.id, token_id, actor=ACTOR)
