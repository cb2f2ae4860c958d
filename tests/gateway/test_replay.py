"""
Replay of frames that charge point stacks sent which nobody here wrote.

The transcripts are no part of the repository; they are found beside it, or the test is skipped.
"""

from pathlib import Path

import asyncpg
import pytest

from csms.node import Node
from csms.ocpp.validation import known_action
from simulators.frames import CallResult
from simulators.replay import Replay, read_transcript
from tests.wire import register

_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "transcripts"
_TRANSCRIPTS = sorted(_FOLDER.glob("*.jsonl"))


@pytest.mark.skipif(not _TRANSCRIPTS, reason="no transcripts in ../shared/transcripts beside the repository")
async def test_every_recorded_call_gets_a_result(
    node: Node, sql: asyncpg.Connection, subtests: pytest.Subtests
) -> None:
    for path in _TRANSCRIPTS:
        with subtests.test(path.name):
            identity = path.stem
            await register(sql, identity)
            lines = read_transcript(path)
            exchanges = await Replay(f"ws://127.0.0.1:{node.ocpp_port}/ocpp", identity).run(lines)
            assert exchanges
            unanswered = [each for each in exchanges if not each.accepted and known_action(each.call.action)]
            assert unanswered == []
            starts = {
                each.answer.payload["transactionId"]
                for each in exchanges
                if each.call.action == "StartTransaction" and isinstance(each.answer, CallResult)
            }
            box = await sql.fetchval("SELECT id FROM charge_boxes WHERE identity = $1", identity)
            rows = await sql.fetch("SELECT * FROM transactions WHERE charge_box_id = $1", box)
            assert starts <= {row["id"] for row in rows}
            stops = [each for each in exchanges if each.call.action == "StopTransaction"]
            assert sum(row["end_cause"] == "reported" for row in rows) <= len(stops)
