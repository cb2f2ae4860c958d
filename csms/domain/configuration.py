"""
What a charge box should be configured to, and which changes that takes.

Asked in small sets: some boxes drop the link or reboot on a full GetConfiguration
(field-notes.md 48, ZJ Beny). Measurands are left as the box lists them, one family
claims all of them and then boots in circles; only the energy register is added, the
one that every box has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_INTERVAL = "HeartbeatInterval"
_SAMPLE_INTERVAL = "MeterValueSampleInterval"
_MEASURANDS = "MeterValuesSampledData"
_REGISTER = "Energy.Active.Import.Register"

# The first set holds all that we may change; the others are for the operator to see.
QUESTIONS: tuple[tuple[str, ...], ...] = (
    (_INTERVAL, _SAMPLE_INTERVAL, _MEASURANDS),
    ("NumberOfConnectors", "SupportedFeatureProfiles", "GetConfigurationMaxKeys"),
    ("ConnectionTimeOut", "WebSocketPingInterval", "StopTransactionOnInvalidId"),
    ("TransactionMessageAttempts", "TransactionMessageRetryInterval", "LocalAuthorizeOffline"),
)

_SECRETS = (
    "authorizationkey",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "credential",
    "privatekey",
    "apikey",
    "token",
    "psk",
)


@dataclass(frozen=True, slots=True)
class ConfigurationValue:
    """One entry of GetConfiguration.conf."""

    value: str | None
    readonly: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What this installation wants of every charge box, in seconds; 0 leaves a value alone."""

    heartbeat_interval_s: int
    meter_value_interval_s: int


def is_secret(key: str) -> bool:
    """Tell whether a configuration key's value must never be shown (law 11)."""
    folded = key.lower().replace("_", "").replace("-", "")
    return any(word in folded for word in _SECRETS)


def changes(reported: Mapping[str, ConfigurationValue], wanted: Wanted) -> list[tuple[str, str]]:
    """
    List the (key, value) pairs to send as ChangeConfiguration.

    A key that the box did not report, or reported as read-only, is left alone. Keys
    are compared without case, as boxes write them in every case.
    """
    known = {key.lower(): (key, entry) for key, entry in reported.items()}
    found = []
    for key, seconds in (
        (_INTERVAL, wanted.heartbeat_interval_s),
        (_SAMPLE_INTERVAL, wanted.meter_value_interval_s),
    ):
        name, entry = known.get(key.lower(), (key, None))
        if entry is not None and not entry.readonly and seconds > 0 and _differs(entry.value, seconds):
            found.append((name, str(seconds)))
    name, entry = known.get(_MEASURANDS.lower(), (_MEASURANDS, None))
    if entry is not None and not entry.readonly:
        listed = _listed(entry.value)
        if _REGISTER.lower() not in (measurand.lower() for measurand in listed):
            found.append((name, ",".join([_REGISTER, *listed])))
    return found


def _differs(value: str | None, seconds: int) -> bool:
    """A value within a tenth of the wanted one is good enough: the interval carries jitter anyway."""
    try:
        return abs(int((value or "").strip()) - seconds) > seconds / 10
    except ValueError:
        return True


def _listed(value: str | None) -> list[str]:
    """The measurands of a list that may hold spaces and quotes (field-notes.md, 3)."""
    parts = (part.strip().strip("\"'") for part in (value or "").split(","))
    return [part for part in parts if part]
