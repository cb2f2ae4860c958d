"""
`/v2/afir`: the charging infrastructure for National Access Points, in DATEX II v3.

Regulation (EU) 2023/1804, article 20, makes these facts public, so no key is needed,
and only published locations are told. A publication is written while it is sent, site by
site: it may be long, and nobody has to wait for it.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import Store
from api.openapi import answers
from api.shapes import Ids
from csms.domain import datex
from csms.domain.datex import Plug, Publisher, RefillPoint, Site, Station
from csms.domain.datex_prices import Rate
from csms.domain.pricing import tariff_from_spirii
from csms.domain.status import EvseStatus
from csms.store import afir

router = APIRouter(prefix="/v2/afir", tags=["AFIR"])

_CustomerIds = Annotated[Ids | None, Query(alias="customerIds", description="Only locations of these customers.")]

_HERE = "\x00the sites come here"
_NOON = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)
_TARIFF = {
    "currency": "DKK",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5, "stepSize": 1, "vat": 0.25}]}],
}
_SITE = Site(
    id=42,
    name="Harbour",
    latitude=55.6761,
    longitude=12.5683,
    address="Havnegade 1",
    postal_code="1058",
    city="København",
    country_code="DK",
    time_zone="Europe/Copenhagen",
    parking_type="ON_STREET",
    operator="Operator",
    is_always_open=True,
    updated_at=_NOON,
    stations=[
        Station(
            42,
            [
                RefillPoint(
                    number=1,
                    evse_id="CB000042*1",
                    status=EvseStatus.AVAILABLE,
                    status_at=_NOON,
                    plugs=[Plug("IEC_62196_T2", False, Decimal(22000), Decimal(32), Decimal(400))],
                )
            ],
        )
    ],
    rate=Rate(tariff_from_spirii(_TARIFF, id="58652fe8-d840-4aa4-bb4f-3ebd944df9d6"), "Europe/Copenhagen", _NOON),
)
_PUBLISHER = Publisher("Operator", "DK")
_TABLE = datex.table_publication([datex.site(_SITE)], _PUBLISHER, now=_NOON)
_STATUSES = datex.status_publication([datex.site_status(_SITE)], _PUBLISHER, now=_NOON)


@router.get(
    "/energy-infrastructure-tables",
    summary="Publish what there is",
    responses=answers(_TABLE, 400, public=True),
)
async def publish_tables(database: Store, customer_ids: _CustomerIds = None) -> Response:
    """Sites (locations), stations (charge boxes) and refill points (EVSEs) with their connectors and prices."""
    envelope = datex.table_publication([_HERE], await afir.publisher(database), now=datetime.now(UTC))
    return await _streamed(envelope, afir.sites(database, customer_ids=customer_ids), datex.site)


@router.get(
    "/energy-infrastructure-statuses",
    summary="Publish how it is",
    responses=answers(_STATUSES, 400, public=True),
)
async def publish_statuses(database: Store, customer_ids: _CustomerIds = None) -> Response:
    """The shared status of each refill point, with its prices. A temporary status is told while it is in force."""
    envelope = datex.status_publication([_HERE], await afir.publisher(database), now=datetime.now(UTC))
    return await _streamed(envelope, afir.sites(database, customer_ids=customer_ids), datex.site_status)


async def _streamed(
    envelope: dict[str, Any], sites: AsyncIterator[Site], write: Callable[[Site], dict[str, Any]]
) -> Response:
    """Answer the envelope with all sites in it; what fails before the first is answered as an error."""
    head, tail = orjson.dumps(envelope).split(orjson.dumps(_HERE))
    first = await anext(sites, None)

    async def text() -> AsyncIterator[bytes]:
        yield head
        if first is not None:
            yield orjson.dumps(write(first))
            async for site in sites:
                yield b"," + orjson.dumps(write(site))
        yield tail

    return StreamingResponse(text(), media_type="application/json")
