"""What hostile and careless peers send, and one valid request of every action that a charge box may call."""

import copy
from typing import Any

from hypothesis import strategies as st

VALID_REQUESTS: dict[str, dict[str, Any]] = {
    "Authorize": {"idTag": "04E91C"},
    "BootNotification": {"chargePointVendor": "Alfen", "chargePointModel": "NG920", "firmwareVersion": "6.4.0"},
    "DataTransfer": {"vendorId": "com.example", "messageId": "ping", "data": "{}"},
    "DiagnosticsStatusNotification": {"status": "Uploaded"},
    "FirmwareStatusNotification": {"status": "Installed"},
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Uploaded", "requestId": 3},
    "MeterValues": {
        "connectorId": 1,
        "transactionId": 17,
        "meterValue": [
            {
                "timestamp": "2026-11-20T15:25:06.987Z",
                "sampledValue": [
                    {"value": "1200", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                    {"value": "16.1", "measurand": "Current.Import", "unit": "A", "phase": "L1", "location": "Outlet"},
                ],
            }
        ],
    },
    "SecurityEventNotification": {"type": "FirmwareUpdated", "timestamp": "2026-11-20T15:25:06Z"},
    "SignCertificate": {"csr": "-----BEGIN CERTIFICATE REQUEST-----"},
    "SignedFirmwareStatusNotification": {"status": "Installed", "requestId": 4},
    "StartTransaction": {
        "connectorId": 1,
        "idTag": "04E91C",
        "meterStart": 1200,
        "timestamp": "2026-11-20T15:25:06Z",
        "reservationId": 5,
    },
    "StatusNotification": {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Charging",
        "timestamp": "2026-11-20T15:25:06Z",
    },
    "StopTransaction": {
        "transactionId": 17,
        "meterStop": 4200,
        "timestamp": "2026-11-20T16:25:06Z",
        "idTag": "04E91C",
        "reason": "EVDisconnected",
        "transactionData": [{"timestamp": "2026-11-20T16:25:06Z", "sampledValue": [{"value": "4200"}]}],
    },
}

texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["", " ", "12", "-1", "12.5", "1e99", "NaN", "true", "1970-01-01T00:00:00", "2026-11-20T15:25:06+02", "noerror"]
    ),
    st.text(st.characters(categories=["Cs", "Cc"]), max_size=3),
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, -1, 2**31, 2**63, 10**40]),
    st.floats(),
    texts,
)

json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def careless_requests(draw: st.DrawFn, action: str) -> dict[str, Any]:
    """A valid request in which a few places hold something else, or nothing, or more."""
    payload = copy.deepcopy(VALID_REQUESTS[action])
    for _ in range(draw(st.integers(1, 4))):
        _spoil(draw, payload)
    return payload


def _spoil(draw: st.DrawFn, node: dict[str, Any] | list[Any]) -> None:
    keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    child = node[key]
    if isinstance(child, dict | list) and draw(st.integers(0, 3)):
        _spoil(draw, child)
        return
    match draw(st.sampled_from(["replace", "remove", "unwrap", "add"])):
        case "replace":
            node[key] = draw(json_values)
        case "remove":
            del node[key]
        case "unwrap" if isinstance(child, list) and child:
            node[key] = child[0]
        case _ if isinstance(node, dict):
            node[draw(texts)] = draw(json_values)
        case _:
            pass
