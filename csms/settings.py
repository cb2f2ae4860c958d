"""
Every knob, read once at start.

Each field is the variable `CSMS_<NAME>`; the unit is in the name. A value that
cannot be is a ConfigurationError whose one sentence names the variable. A secret
may come from a file: `CSMS_DATABASE_URL_FILE=/run/secrets/url`.
"""

import os
import socket
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from csms.errors import ConfigurationError

_PREFIX = "CSMS_"
_SECRETS = ("database_url", "nats_url", "secret_key")


class Role(StrEnum):
    """What one process does: everything, only the REST API, or only the gateway for charge boxes."""

    all = "all"
    api = "api"
    node = "node"


class UnknownChargeBoxes(StrEnum):
    """What happens to a charge box that nobody registered."""

    reject = "reject"
    register = "register"


class Settings(BaseSettings):
    """All settings of a process, with the defaults of a first installation on one machine."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    # Where things are
    data_dir: Path = Field(Path("data"), description="folder for the embedded database")
    database_url: str = Field(
        "", description="postgresql://… of a server of your own; empty: an embedded one in data_dir"
    )
    nats_url: str = Field("", description="nats://… when several processes work as one; empty: this process alone")
    host: str = Field("0.0.0.0", description="address to listen on")
    ocpp_port: int = Field(9000, ge=0, le=65535, description="WebSocket port for charge boxes; 0 picks a free one")
    api_port: int = Field(8000, ge=0, le=65535, description="HTTP port for the REST API; 0 picks a free one")
    public_ocpp_url: str = Field("", description="the URL that charge boxes are told, e.g. wss://ocpp.example.com")
    role: Role = Field(Role.all, description="all, api or node")
    node_name: str = Field("", description="name of this process among several; default: the host's name and port")
    secret_key: str = Field(
        "", description="keys the hashes of passwords and API keys; default: one kept in the database"
    )

    # Towards charge boxes
    unknown_charge_boxes: UnknownChargeBoxes = Field(
        UnknownChargeBoxes.reject, description="reject (404, and remembered) or register"
    )
    max_connections: int = Field(20_000, ge=1, description="charge boxes that one process holds")
    heartbeat_interval_s: int = Field(300, ge=10, description="told to charge boxes at boot, plus or minus a tenth")
    pending_retry_interval_s: int = Field(60, ge=5, description="when a charge box that is not accepted may boot again")
    meter_value_interval_s: int = Field(60, ge=0, description="wanted interval of meter values; 0 leaves it alone")
    settle_time_s: float = Field(3.0, ge=0, description="quiet time after a boot before we call the charge box")
    silent_boot_time_s: float = Field(10.0, ge=0, description="quiet time for boxes that connect and do not boot")
    ping_interval_s: float = Field(45.0, ge=0, description="WebSocket pings to quiet charge boxes; 0 sends none")
    ping_timeout_s: float = Field(60.0, gt=0, description="silence after a ping that ends a connection")
    call_timeout_s: float = Field(30.0, gt=0, le=600, description="how long a charge box may take to answer a call")
    max_waiting_calls: int = Field(16, ge=1, description="calls that may wait for one charge box")
    reply_budget_s: float = Field(20.0, gt=0, description="how long a reply may wait for the database")
    stale_grace_s: float = Field(
        120.0, ge=0, description="how long after a boot or Available an open transaction waits for its own stop"
    )

    # What the REST API tells
    party_id: str = Field(
        "CSM",
        pattern="^[A-Za-z0-9]{3}$",
        description="what locations name the operator by, as OCPI does with a country",
    )

    # Charge records
    co2_g_per_kwh: float = Field(
        0.0, ge=0, description="grams of CO2 per kWh charged, for charge records; 0: not known, and then none is shown"
    )

    # Towards clients of the REST API: requests that one key may send to this process
    rate_limit_read_per_min: int = Field(0, ge=0, description="reads a minute; 0 sets no limit (Spirii: 600)")
    rate_limit_write_per_min: int = Field(0, ge=0, description="writes a minute; 0 sets no limit (Spirii: 120)")
    rate_limit_command_per_min: int = Field(
        0, ge=0, description="commands to charge boxes a minute; 0 sets no limit (Spirii: 30)"
    )

    # Storage
    journal: bool = Field(True, description="keep every frame, masked")
    journal_retention_days: int = Field(7, ge=1, description="days that frames are kept")
    meter_value_retention_days: int = Field(730, ge=1, description="days that meter values are kept")
    event_retention_days: int = Field(730, ge=1, description="days that events are kept")
    ledger_batch: int = Field(1000, ge=1, description="facts in one commit, at most")
    ledger_queue: int = Field(20_000, ge=1, description="facts that may wait; then readers wait")
    pool_size: int = Field(8, ge=1, description="database connections for reads")

    # Logs
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_json: bool = Field(False, description="one JSON object a line instead of text")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql:// (the only database it speaks)")
        return url

    @field_validator("nats_url")
    @classmethod
    def _is_nats(cls, url: str) -> str:
        if url and not url.startswith(("nats://", "tls://")):
            raise ValueError("must begin with nats:// or tls://")
        return url

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @property
    def name(self) -> str:
        """The name of this process among several."""
        return self.node_name or f"{socket.gethostname()}:{self.ocpp_port}"

    @classmethod
    def read(cls, **given: Any) -> Self:
        """
        Read the settings: what is given wins over the environment, the environment over the defaults.

        Raises:
            ConfigurationError: names the variable of the first value that cannot be.
        """
        for name in _SECRETS:
            if name not in given and (path := os.environ.get(f"{_PREFIX}{name.upper()}_FILE")):
                given[name] = _read_secret(name, Path(path))
        try:
            return cls(**{key: value for key, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            reason = str(first["msg"]).removeprefix("Value error, ")
            shown = "" if first["loc"][0] in _SECRETS else f" (it is {first['input']!r})"
            raise ConfigurationError(f"{_PREFIX}{str(first['loc'][0]).upper()}", f"{reason}{shown}") from None


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"{_PREFIX}{name.upper()}_FILE", f"cannot be read: {error.strerror}") from None
