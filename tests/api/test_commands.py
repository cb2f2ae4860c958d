"""Commands: each outcome of each, and never success for a charge box that did not say so."""

import asyncio
from typing import Any

import pytest

from tests.api.charge_box import Answer, Refuses, Silent, plugged_in
from tests.api.conftest import Api
from tests.api.test_app import refusal

ACTIONS = {
    "reset": "Reset",
    "reboot": "Reset",
    "remote-start-transaction": "RemoteStartTransaction",
    "remote-stop-transaction": "RemoteStopTransaction",
    "unlock": "UnlockConnector",
    "change-availability": "ChangeAvailability",
}
NOT_CONNECTED = "Charge box is not connected"


async def transaction(api: Api, box: dict[str, Any]) -> int:
    """A transaction of the charge box that runs."""
    async with plugged_in(box) as end:
        return await end.start("CAFE01", at="2026-01-01T12:00:00Z")


async def command(api: Api, box: dict[str, Any], name: str, transaction_id: int) -> dict[str, Any]:
    """Give a command of the Spirii API, and return its answer."""
    if name in {"reset", "reboot"}:
        path, body = f"/v2/chargeboxes/{box['id']}/{name}", {"type": "Hard"}
    else:
        path = f"/v2/evses/{box['evses'][0]['uid']}/connectors/1/{name}"
        body = {"idTag": "CAFE01", "transactionId": transaction_id, "type": "Inoperative"}
    response = await api.operator.post(path, json=body)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


def reason(name: str, answer: dict[str, Any]) -> str:
    """Why a command was not carried out, where its shape has it."""
    return str(answer["description"] if name == "change-availability" else answer["error"]["message"])


@pytest.mark.parametrize(
    ("name", "word", "status"),
    [
        ("reset", "Accepted", "Accepted"),
        ("reset", "Rejected", "Rejected"),
        ("reboot", "Accepted", "Accepted"),
        ("reboot", "Rejected", "Rejected"),
        ("remote-start-transaction", "Accepted", "Accepted"),
        ("remote-start-transaction", "Rejected", "Rejected"),
        ("remote-stop-transaction", "Accepted", "Accepted"),
        ("remote-stop-transaction", "Rejected", "Rejected"),
        ("unlock", "Unlocked", "Unlocked"),
        ("unlock", "UnlockFailed", "UnlockFailed"),
        ("unlock", "NotSupported", "NotSupported"),
        ("change-availability", "Accepted", "Accepted"),
        ("change-availability", "Rejected", "Rejected"),
        ("change-availability", "Scheduled", "Scheduled"),
    ],
)
async def test_the_charge_boxs_own_word_is_passed_on(api: Api, name: str, word: str, status: str) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    running = await transaction(api, box)
    async with plugged_in(box) as end:
        end.answers[ACTIONS[name]] = {"status": word}
        answer = await command(api, box, name, running)
    assert answer["status"] == status
    positive = word in {"Accepted", "Unlocked", "Scheduled"}
    assert ("error" in answer) == (not positive and name != "change-availability")
    assert len(end.asked) == 1


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Refuses("InternalError", "relay stuck"), "InternalError: relay stuck"),
        (Refuses("NotSupported"), "NotSupported"),
        (Silent(), "did not answer"),
        ({"status": "Perhaps"}, "not one of OCPP 1.6"),
        (None, NOT_CONNECTED),
    ],
    ids=["call error", "not supported", "timeout", "nonsense", "offline"],
)
async def test_without_its_word_the_answer_is_no_and_says_why(
    api: Api, name: str, said: Answer | None, expected: str
) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    running = await transaction(api, box)
    if said is None:
        answer = await command(api, box, name, running)
    else:
        async with plugged_in(box) as end:
            end.answers[ACTIONS[name]] = said
            answer = await command(api, box, name, running)
    negative = "Rejected" if name != "unlock" else "NotSupported" if expected == "NotSupported" else "UnlockFailed"
    assert answer["status"] == negative
    assert expected in reason(name, answer)


async def test_what_is_asked_is_what_was_meant(api: Api) -> None:
    token = await api.token("CAFE01")
    box = await api.charge_box()
    second = f"/v2/evses/{box['evses'][1]['uid']}/connectors/1"
    async with plugged_in(box) as end:
        for action in set(ACTIONS.values()):
            end.answers[action] = {"status": "Accepted"} if action != "UnlockConnector" else {"status": "Unlocked"}
        running = await end.start("CAFE01", connector=2, at="2026-01-01T12:00:00Z")
        await api.operator.post(f"/v2/chargeboxes/{box['id']}/reset", json={"type": "Hard"})
        await api.operator.post(f"/v2/chargeboxes/{box['id']}/reboot")
        await api.editor.post(f"{second}/remote-start-transaction", json={"idTag": "cafe02"})
        await api.editor.post(f"{second}/remote-start-transaction", json={"tokenId": token["id"]})
        await api.editor.post(f"{second}/remote-stop-transaction", json={"transactionId": running})
        await api.editor.post(f"{second}/unlock")
        await api.editor.post(f"{second}/change-availability", json={"type": "Operative"})
    assert end.asked == [
        ("Reset", {"type": "Hard"}),
        ("Reset", {"type": "Soft"}),
        ("RemoteStartTransaction", {"connectorId": 2, "idTag": "cafe02"}),
        ("RemoteStartTransaction", {"connectorId": 2, "idTag": "CAFE01"}),
        ("RemoteStopTransaction", {"transactionId": running}),
        ("UnlockConnector", {"connectorId": 2}),
        ("ChangeAvailability", {"connectorId": 2, "type": "Operative"}),
    ]


async def test_a_charge_box_may_report_its_start_before_it_answers_the_remote_start(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        started: list[asyncio.Task[int]] = []

        def answer(payload: Any) -> dict[str, str]:
            started.append(asyncio.create_task(end.start("CAFE01", at="2026-01-01T12:00:00Z")))
            return {"status": "Accepted"}

        end.answers["RemoteStartTransaction"] = answer
        accepted = await command(api, box, "remote-start-transaction", 0)
        running = await started[0]
    assert accepted == {"status": "Accepted"}
    shown = (await api.viewer.get(f"/v2/transactions/{running}")).json()
    assert shown["endedAt"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "idTag"),
        ({"idTag": "A", "tokenId": 1}, "idTag"),
        ({"idTag": ""}, "idTag"),
        ({"idTag": "x" * 21}, "idTag"),
        ({"idTag": 5}, "idTag"),
        ({"tokenId": 77}, "tokenId"),
        ({"tokenId": "77"}, "tokenId"),
    ],
)
async def test_a_remote_start_for_nobody_is_400(api: Api, body: dict[str, Any], field: str) -> None:
    uid = (await api.charge_box())["evses"][0]["uid"]
    response = await api.editor.post(f"/v2/evses/{uid}/connectors/1/remote-start-transaction", json=body)
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        ("/v2/chargeboxes/{id}/reset", "type", "'Hard' or 'Soft'"),
        ("/v2/evses/{uid}/connectors/1/change-availability", "type", "'Inoperative' or 'Operative'"),
    ],
)
async def test_a_word_that_ocpp_does_not_have_is_400_and_names_those_it_has(
    api: Api, path: str, field: str, allowed: str
) -> None:
    box = await api.charge_box()
    url = path.format(id=box["id"], uid=box["evses"][0]["uid"])
    for body in ({"type": "Gentle"}, {}, {"type": 1}):
        response = await api.operator.post(url, json=body)
        (detail,) = refusal(response)["details"]
        assert (response.status_code, detail["field"]) == (400, field)
        assert allowed in detail["message"] or not body


async def test_only_a_transaction_of_the_charge_box_can_be_stopped(api: Api) -> None:
    await api.token("CAFE01")
    mine, other = await api.charge_box(), await api.charge_box()
    foreign = await transaction(api, other)
    async with plugged_in(mine) as end:
        url = f"/v2/evses/{mine['evses'][0]['uid']}/connectors/1/remote-stop-transaction"
        for unknown in (foreign, 987654, -1, 2**40):
            response = await api.editor.post(url, json={"transactionId": unknown})
            assert response.status_code == 404
    assert end.asked == []


async def test_a_transaction_that_its_charge_box_ended_is_not_asked_for_again(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        running = await end.start("CAFE01", at="2026-01-01T12:00:00Z")
        await end.stop(running, meter=1500, at="2026-01-01T12:30:00Z")
        end.answers["RemoteStopTransaction"] = {"status": "Accepted"}
        answer = await command(api, box, "remote-stop-transaction", running)
    assert answer["status"] == "Rejected"
    assert "ended at 2026-01-01T12:30:00.000Z" in answer["error"]["message"]
    assert end.asked == []


async def test_a_transaction_whose_end_was_only_inferred_is_asked_for(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        first = await end.start("CAFE01", at="2026-01-01T12:00:00Z")
        await end.start("CAFE01", at="2026-01-01T13:00:00Z")
        assert (await api.viewer.get(f"/v2/transactions/{first}")).json()["reported"]["endCause"] == "superseded"
        end.answers["RemoteStopTransaction"] = {"status": "Accepted"}
        assert await command(api, box, "remote-stop-transaction", first) == {"status": "Accepted"}
    assert end.asked == [("RemoteStopTransaction", {"transactionId": first})]


async def send(api: Api, box: dict[str, Any], action: str, payload: Any = None) -> dict[str, Any]:
    """Send any command, and return its outcome without its duration."""
    response = await api.operator.post(f"/v2/chargeboxes/{box['id']}/commands/{action}", json=payload)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    assert shown.pop("durationMs") >= 0
    return shown


async def test_any_command_has_its_typed_outcome(api: Api) -> None:
    box = await api.charge_box()
    keys = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]}
    assert (await send(api, box, "ClearCache"))["outcome"] == "Offline"
    async with plugged_in(box) as end:
        end.answers["GetConfiguration"] = keys
        end.answers["TriggerMessage"] = Refuses("NotSupported", "no")
        end.answers["ClearCache"] = Silent()
        answered = await send(api, box, "GetConfiguration", {"key": ["HeartbeatInterval"]})
        refused = await send(api, box, "TriggerMessage", {"requestedMessage": "Heartbeat"})
        late = await send(api, box, "ClearCache")
    assert answered == {"outcome": "Answered", "response": keys, "error": None}
    assert (refused["outcome"], refused["response"]) == ("CallError", None)
    assert refused["error"] == {"code": "NotSupported", "description": "no", "details": {}}
    assert (late["outcome"], late["response"]) == ("Timeout", None)
    assert "did not answer ClearCache" in late["error"]["message"]
    assert end.asked[0] == ("GetConfiguration", {"key": ["HeartbeatInterval"]})


@pytest.mark.parametrize(
    ("action", "payload", "named"),
    [
        ("FlyToTheMoon", {}, "GetConfiguration"),
        ("BootNotification", {}, "GetConfiguration"),
        ("Reset", {}, "type"),
        ("Reset", {"type": "Gentle"}, "type"),
        ("GetConfiguration", {"key": "HeartbeatInterval"}, "key"),
        ("ChangeConfiguration", {"key": "x" * 51, "value": "1"}, "key"),
        ("ClearCache", {"colour": "green"}, "colour"),
        ("ClearCache", [], "body"),
    ],
)
async def test_a_command_that_the_schema_refuses_is_400_and_not_sent(
    api: Api, action: str, payload: Any, named: str
) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        response = await api.operator.post(f"/v2/chargeboxes/{box['id']}/commands/{action}", json=payload)
    assert response.status_code == 400
    assert named in refusal(response)["message"]
    assert end.asked == []


async def test_commands_to_one_charge_box_go_one_at_a_time(api: Api) -> None:
    box = await api.charge_box()
    url = f"/v2/chargeboxes/{box['id']}/commands/GetConfiguration"
    async with plugged_in(box) as end:
        end.answers["GetConfiguration"] = {}
        answers = await asyncio.gather(*(api.operator.post(url, json={"key": [str(n)]}) for n in range(8)))
    assert {answer.json()["outcome"] for answer in answers} == {"Answered"}
    assert sorted(payload["key"][0] for _, payload in end.asked) == [str(n) for n in range(8)]


async def test_too_many_waiting_commands_are_refused_and_say_so(api: Api) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        end.answers["ClearCache"] = Silent()
        url = f"/v2/chargeboxes/{box['id']}/commands/ClearCache"
        statuses = [answer.status_code for answer in await asyncio.gather(*(api.operator.post(url) for _ in range(18)))]
    assert statuses.count(503) >= 1
    assert set(statuses) == {200, 503}


async def test_a_charge_box_that_leaves_during_a_command_is_offline(api: Api) -> None:
    box = await api.charge_box()

    asked = asyncio.Event()

    def answer(payload: Any) -> Any:
        asked.set()
        raise Silent

    async with plugged_in(box) as end:
        end.answers["ClearCache"] = answer
        waiting = asyncio.create_task(send(api, box, "ClearCache"))
        await asked.wait()
    assert (await waiting)["outcome"] == "Offline"
