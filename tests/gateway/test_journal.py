"""The journal keeps what was said, and no secret (law 11)."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallRefused, CallTimeout
from csms.gateway import journal
from csms.node import Node
from tests.gateway.peers import cuttable
from tests.gateway.waiting import becomes
from tests.wire import register

_KEY = "6162636465666768"


def _shown(frame: list[Any], payload: dict[str, Any] | None) -> Any:
    return json.loads(journal.shown(json.dumps(frame).encode(), payload))


def test_an_ordinary_frame_is_kept_as_it_came() -> None:
    data = '[2, "1", "DataTransfer", {"vendorId": "Ä", "data": "key=value"}]'.encode()
    payload = {"vendorId": "Ä", "data": "key=value"}
    assert journal.shown(data, payload) == data.decode()
    assert journal.shown(b"\xff[2,\x00", None) == "\ufffd[2,\ufffd"
    assert len(journal.shown(b"x" * 10_000_000, None)) <= 65_536


@pytest.mark.parametrize("key", ["AuthorizationKey", "authorizationkey", "CpoPassword", "wifi_psk", "X-Secret-Token"])
def test_a_secret_that_we_set_is_masked(key: str) -> None:
    payload = {"key": key, "value": _KEY}
    assert _shown([2, "1", "ChangeConfiguration", payload], payload) == [
        *(2, "1", "ChangeConfiguration"),
        {"key": key, "value": "***"},
    ]
    open_one = {"key": "HeartbeatInterval", "value": "300"}
    assert _shown([2, "1", "ChangeConfiguration", open_one], open_one)[3] == open_one


def test_a_secret_that_a_box_reports_is_masked() -> None:
    entries = [
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        {"key": "AuthorizationKey", "readonly": False, "value": _KEY},
        {"key": "AuthorizationKey", "readonly": False},
    ]
    payload = {"configurationKey": entries, "unknownKey": ["Password"]}
    shown = _shown([3, "1", payload], payload)
    assert shown[2]["configurationKey"] == [entries[0], {**entries[1], "value": "***"}, entries[2]]
    assert shown[2]["unknownKey"] == ["Password"]


def test_a_secret_is_masked_in_a_payload_that_had_to_be_repaired() -> None:
    data = b'[3,"1",{"configurationKey":[{"key":"AuthorizationKey","value":"' + _KEY.encode() + b'\\u0000"}]}]'
    payload = {"configurationKey": [{"key": "AuthorizationKey", "value": f"{_KEY}\ufffd"}]}
    assert _KEY not in journal.shown(data, payload)
    invalid = data.replace(b"\\u0000", b"\xff")
    assert _KEY not in journal.shown(invalid, payload)


def test_a_secret_is_masked_when_it_is_sent_back_in_a_refusal() -> None:
    details = {"key": "AuthorizationKey", "value": _KEY}
    frame = [4, "1", "PropertyConstraintViolation", f"AuthorizationKey must not be {_KEY}", details]
    assert _KEY not in journal.shown(json.dumps(frame).encode(), None)


def test_a_broken_frame_that_may_hold_a_secret_is_not_kept() -> None:
    data = b'[3,"1",{"configurationKey":[{"key":"AuthorizationKey","value":"' + _KEY.encode()
    assert journal.shown(data, None) == f"({len(data)} bytes that may hold a secret)"


async def test_no_secret_reaches_the_table_of_frames(node: Node, sql: asyncpg.Connection) -> None:
    box = ChargeBoxKey(await register(sql, "BOX1"), "BOX1")
    answers: list[dict[str, Any]] = [
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": _KEY}]},
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": "no", "value": [_KEY]}]},
    ]
    async with cuttable(node.ocpp_port, "BOX1") as wire:
        with pytest.raises(CallTimeout):
            await node.caller.call(
                box, "ChangeConfiguration", {"key": "AuthorizationKey", "value": _KEY}, timeout_s=0.5
            )
        late = await wire.next_call()
        await wire.send(json.dumps([4, late[1], "InternalError", _KEY, {"key": "AuthorizationKey", "value": _KEY}]))
        with pytest.raises(CallTimeout):
            await node.caller.call(box, "GetConfiguration", {}, timeout_s=0.1)
        late = await wire.next_call()
        for answer in answers:
            await wire.answer(late, answer)
        with pytest.raises(CallRefused):
            await _refuse_with_key(node, wire, box)
        await wire.ask("Heartbeat")
    await becomes(lambda: sql.fetchval("SELECT count(*) FROM frames WHERE action = 'Heartbeat'"), 2)
    bodies = [row["body"] for row in await sql.fetch("SELECT body FROM frames")]
    assert len(bodies) == 9
    assert [body for body in bodies if _KEY in body] == []


async def _refuse_with_key(node: Node, wire: Any, box: ChargeBoxKey) -> None:
    calling = asyncio.create_task(node.caller.call(box, "GetConfiguration", {}))
    asked = await wire.next_call()
    await wire.send(json.dumps([4, asked[1], "InternalError", f"password {_KEY}", {}]))
    await calling
