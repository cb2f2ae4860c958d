"""
The configuration keys of a charge point (OCPP 1.6, 5.3, 5.8 and 9.1).

One table holds what is standard: type, default, whether it may be written. Names
are compared without case, as CiStrings are, and reported as the table spells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocpp.v16.enums import ConfigurationStatus

from simulators.measurands import MEASURANDS

MAX_KEYS = 50


def _is_integer(value: str) -> bool:
    return value.removeprefix("-").isdecimal() and int(value) >= 0


def _is_boolean(value: str) -> bool:
    return value.lower() in ("true", "false")


def _is_measurands(value: str) -> bool:
    """An unsupported measurand makes the whole list unacceptable (OCPP 1.6, 3.16.4)."""
    return all(item in MEASURANDS for item in _items(value))


def _is_anything(value: str) -> bool:
    return len(value) <= 500


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


@dataclass(slots=True)
class Key:
    """
    One configuration key.

    Attributes:
        valid: whether a value may be written to it.
        readonly: never changed by the central system.
        reboot: a change takes effect only after a reboot (answered RebootRequired).
        secret: written, never shown (the AuthorizationKey, OCPP-J 1.6, 6.2).
    """

    name: str
    value: str
    valid: Callable[[str], bool] = _is_anything
    readonly: bool = False
    reboot: bool = False
    secret: bool = False


def _standard_keys(connectors: int) -> list[Key]:
    sampled = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"
    most = str(len(MEASURANDS))
    return [
        Key("AllowOfflineTxForUnknownId", "true", _is_boolean),
        Key("AuthorizationCacheEnabled", "true", _is_boolean),
        Key("AuthorizationKey", "", secret=True),
        Key("AuthorizeRemoteTxRequests", "false", _is_boolean),
        Key("ClockAlignedDataInterval", "0", _is_integer),
        Key("ConnectionTimeOut", "60", _is_integer),
        Key("ConnectorPhaseRotation", ",".join(f"{number}.RST" for number in range(1, connectors + 1))),
        Key("GetConfigurationMaxKeys", str(MAX_KEYS), readonly=True),
        Key("HeartbeatInterval", "300", _is_integer),
        Key("LocalAuthorizeOffline", "true", _is_boolean),
        Key("LocalPreAuthorize", "false", _is_boolean),
        Key("MeterValuesAlignedData", "Energy.Active.Import.Register", _is_measurands),
        Key("MeterValuesAlignedDataMaxLength", most, readonly=True),
        Key("MeterValuesSampledData", sampled, _is_measurands),
        Key("MeterValuesSampledDataMaxLength", most, readonly=True),
        Key("MeterValueSampleInterval", "60", _is_integer),
        Key("NumberOfConnectors", str(connectors), readonly=True),
        Key("ResetRetries", "1", _is_integer),
        Key("StopTransactionOnEVSideDisconnect", "true", _is_boolean),
        Key("StopTransactionOnInvalidId", "true", _is_boolean),
        Key("StopTxnAlignedData", "", _is_measurands),
        Key("StopTxnSampledData", "", _is_measurands),
        Key("StopTxnSampledDataMaxLength", most, readonly=True),
        Key("SupportedFeatureProfiles", "Core,RemoteTrigger", readonly=True),
        Key("TransactionMessageAttempts", "10", _is_integer),
        Key("TransactionMessageRetryInterval", "5", _is_integer),
        Key("UnlockConnectorOnEVSideDisconnect", "true", _is_boolean),
        Key("WebSocketPingInterval", "0", _is_integer, reboot=True),
    ]


class Configuration:
    """
    The keys of one charge point, kept through reboots.

    Args:
        connectors: how many connectors it has.
        overrides: initial values by key; keys of your own are added as writable.

    Attributes:
        changed: told the name of each key that has changed.
    """

    def __init__(
        self,
        connectors: int,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self._keys = {key.name.lower(): key for key in _standard_keys(connectors)}
        self.changed: Callable[[str], None] = lambda name: None
        for name, value in (overrides or {}).items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._keys[name.lower()].value

    def number(self, name: str) -> int:
        """The value of an integer key."""
        return int(self[name])

    def flag(self, name: str) -> bool:
        """The value of a boolean key."""
        return self[name].lower() == "true"

    def items(self, name: str) -> list[str]:
        """The value of a key that is a comma-separated list."""
        return _items(self[name])

    def set(self, name: str, value: Any, *, readonly: bool | None = None, reboot: bool | None = None) -> None:
        """Set a key from inside the charge point, whatever its flags; an unknown one is added."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        key = self._keys.setdefault(name.lower(), Key(name, text))
        key.value = text
        if readonly is not None:
            key.readonly = readonly
        if reboot is not None:
            key.reboot = reboot
        self.changed(key.name)

    def change(self, name: str, value: str) -> ConfigurationStatus:
        """Answer ChangeConfiguration (OCPP 1.6, 5.3)."""
        key = self._keys.get(name.lower())
        if key is None:
            return ConfigurationStatus.not_supported
        if key.readonly or not key.valid(value):
            return ConfigurationStatus.rejected
        key.value = value
        self.changed(key.name)
        return ConfigurationStatus.reboot_required if key.reboot else ConfigurationStatus.accepted

    def report(self, names: Iterable[str]) -> dict[str, Any]:
        """Answer GetConfiguration (OCPP 1.6, 5.8); no names means all keys."""
        wanted = list(names)
        known: list[Key] = []
        unknown: list[str] = []
        for name in wanted:
            key = self._keys.get(name.lower())
            if key is None:
                unknown.append(name)
            else:
                known.append(key)
        shown = known if wanted else self._keys.values()
        reply: dict[str, Any] = {"configurationKey": [_shown(key) for key in shown if not (key.secret and not wanted)]}
        if unknown:
            reply["unknownKey"] = unknown
        return reply


def _shown(key: Key) -> dict[str, Any]:
    value = {} if key.secret else {"value": key.value}
    return {"key": key.name, "readonly": key.readonly, **value}
