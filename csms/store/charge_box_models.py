"""The charge box models of this installation: the rows that the catalogue filled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.charge_box_models import CATALOGUE, ModelConnector
from csms.errors import Invalid
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxModelRow

_CONNECTORS = {model.id: model.connectors for model in CATALOGUE}


@dataclass(frozen=True, slots=True)
class Model:
    """A model as it is shown; its connectors are the catalogue's."""

    id: int
    vendor: str
    name: str
    description: str
    plug_and_charge_validated: bool
    firmware_management_validated: bool
    created_at: datetime
    updated_at: datetime

    @property
    def connectors(self) -> tuple[ModelConnector, ...]:
        """What a charge box of this model has; `connectors[n - 1]` is OCPP connector n."""
        return _CONNECTORS.get(self.id, ())


_COLUMNS = (
    ChargeBoxModelRow.id,
    ChargeBoxModelRow.vendor,
    ChargeBoxModelRow.name,
    ChargeBoxModelRow.description,
    ChargeBoxModelRow.plug_and_charge_validated,
    ChargeBoxModelRow.firmware_management_validated,
    ChargeBoxModelRow.created_at,
    ChargeBoxModelRow.updated_at,
)


async def list(database: Database, window: Window[tuple[int]]) -> Page[Model, tuple[int]]:
    """Return a page of models by ascending id."""
    async with database.read() as connection:
        rows = await connection.execute(narrow(select(*_COLUMNS), window, ChargeBoxModelRow.id))
        return cut([_model(row) for row in rows], window, lambda model: (model.id,))


async def require(connection: AsyncConnection, model_id: int) -> Model:
    """Return the model that a charge box names; raises Invalid (`modelId`) when there is none."""
    query = select(*_COLUMNS).where(ChargeBoxModelRow.id == literal(model_id, BigInteger()))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise Invalid("modelId", f"there is no model {model_id}; GET /v2/chargeboxes/models lists them")
    return _model(row)


async def among(connection: AsyncConnection, ids: set[int]) -> dict[int, Model]:
    """Return the models with these ids."""
    if not ids:
        return {}
    rows = await connection.execute(select(*_COLUMNS).where(ChargeBoxModelRow.id.in_(ids)))
    return {row.id: _model(row) for row in rows}


def _model(row: Row[*tuple[Any, ...]]) -> Model:
    return Model(*row)
