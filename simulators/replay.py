"""
Replaying a transcript: the recorded frames of a charge point that nobody here wrote.

A transcript is JSON lines with `ts`, `cp`, `dir` (`handshake`, `cp->csms`,
`csms->cp`, `closed`) and `frame`. The charge point's calls are sent in order, each
after the answer to the one before. Two things cannot be replayed as they stand:

- transaction ids: the recorded central system gave its own, perhaps the same one
  twice; later frames get the id that the server really gave to the start they
  belong to, told apart by connector and idTag where ids repeat;
- answers to commands: the server asks when it likes, so a command is answered
  with the recorded answer to the same command, else to the same action, else
  with a refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from simulators.errors import FrameError, Offline, ScenarioError
from simulators.frames import Call, CallError, CallResult, Frame, Payload, decode, encode
from simulators.link import authorization
from simulators.options import PasswordForm


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript."""

    number: int
    direction: str
    frame: Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One call that was replayed.

    Attributes:
        line: its line in the transcript.
        call: as it was sent, ids replaced.
        answer: what came; None if nothing did in time, or the connection ended.
    """

    line: int
    call: Call
    answer: CallResult | CallError | None

    @property
    def accepted(self) -> bool:
        """Whether a CALLRESULT came."""
        return isinstance(self.answer, CallResult)


def read_transcript(path: Path) -> list[Line]:
    """
    Read a transcript.

    Raises:
        OSError: it cannot be opened.
        ScenarioError: a line is not of the form above; the message names file and line.
    """
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            row = orjson.loads(text)
            lines.append(Line(number, row["dir"], row["frame"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ScenarioError(f"{path.name}:{number}: not a line of a transcript: {error!r}") from None
    return lines


class Replay:
    """
    Plays one transcript against a central system.

    Args:
        url: of the central system, without the identity.
        charge_point_id: under which identity to come.
        password, password_form: for Basic authentication, whatever the transcript did.
        timeout_s: how long to wait for each answer, in real seconds.

    Attributes:
        commands: what the server asked meanwhile, in order.
    """

    def __init__(
        self,
        url: str,
        charge_point_id: str,
        *,
        password: str | None = None,
        password_form: PasswordForm = "text",
        timeout_s: float = 10.0,
    ) -> None:
        self.commands: list[Call] = []
        self._url = url.rstrip("/") + "/" + quote(charge_point_id, safe="")
        self._headers: dict[str, str] = {}
        if password is not None:
            self._headers["Authorization"] = authorization(charge_point_id, password, password_form)
        self._timeout_s = timeout_s
        self._connection: _Connection | None = None

    async def run(self, lines: Sequence[Line]) -> list[Exchange]:
        """
        Send the recorded calls in order; returns one exchange per call.

        Raises:
            Offline: the server does not let the charge point in.
        """
        answers = _RecordedAnswers(lines)
        transactions = _Transactions(lines)
        exchanges: list[Exchange] = []
        try:
            for line in lines:
                if line.direction == "handshake":
                    await self._close()
                    self._connection = await self._open(line.frame, answers)
                elif line.direction == "closed":
                    await self._close()
                elif line.direction == "cp->csms" and _is_call(line.frame):
                    exchanges.append(await self._ask(line, transactions))
        finally:
            await self._close()
        return exchanges

    async def _ask(self, line: Line, transactions: _Transactions) -> Exchange:
        _, unique_id, action, payload = line.frame
        call = Call(unique_id, action, transactions.translate(action, payload))
        answer = None if self._connection is None else await self._connection.ask(call, self._timeout_s)
        if isinstance(answer, CallResult):
            transactions.learn(line, answer)
        return Exchange(line.number, call, answer)

    async def _open(self, handshake: Any, answers: _RecordedAnswers) -> _Connection:
        headers = {name.lower(): value for name, value in handshake.get("headers", {}).items()}
        offered = headers.get("sec-websocket-protocol")
        subprotocols = [Subprotocol(name.strip()) for name in offered.split(",")] if offered else None
        try:
            socket = await connect(
                self._url, subprotocols=subprotocols, additional_headers=self._headers, compression=None, proxy=None
            )
        except (OSError, InvalidHandshake) as error:
            raise Offline(f"The handshake with {self._url} ({error})") from error
        return _Connection(socket, answers, self.commands)

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


class _Connection:
    """One connection of a replay: asks one call at a time, and answers commands meanwhile."""

    def __init__(self, socket: ClientConnection, answers: _RecordedAnswers, commands: list[Call]) -> None:
        self._socket = socket
        self._answers = answers
        self._commands = commands
        self._waiting: dict[str, asyncio.Future[CallResult | CallError | None]] = {}
        self._reader = asyncio.create_task(self._read())

    async def ask(self, call: Call, timeout_s: float) -> CallResult | CallError | None:
        answer: asyncio.Future[CallResult | CallError | None] = asyncio.get_running_loop().create_future()
        self._waiting[call.unique_id] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send(encode(call), text=True)
                return await answer
        except (TimeoutError, ConnectionClosed):
            return None
        finally:
            del self._waiting[call.unique_id]

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            while True:
                await self._take(await self._socket.recv(decode=False))
        except ConnectionClosed:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_result(None)

    async def _take(self, data: bytes) -> None:
        try:
            frame: Frame = decode(data)
        except FrameError:
            return
        if isinstance(frame, Call):
            self._commands.append(frame)
            await self._socket.send(encode(self._answers.to(frame)), text=True)
            return
        answer = self._waiting.get(frame.unique_id)
        if answer is not None and not answer.done():
            answer.set_result(frame)


class _RecordedAnswers:
    """What the recorded charge point answered to which command."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._by_command: dict[bytes, list[Any]] = {}
        self._by_action: dict[str, list[Any]] = {}
        asked: dict[str, list[Any]] = {}
        for line in lines:
            if line.direction == "csms->cp" and _is_call(line.frame):
                asked[line.frame[1]] = line.frame
            elif line.direction == "cp->csms" and not _is_call(line.frame) and line.frame[1] in asked:
                _, _, action, payload = asked[line.frame[1]]
                self._by_command.setdefault(_key(action, payload), line.frame)
                self._by_action.setdefault(action, line.frame)

    def to(self, command: Call) -> Frame:
        """The recorded answer to a command, under the command's own id."""
        recorded = self._by_command.get(_key(command.action, command.payload), self._by_action.get(command.action))
        match recorded:
            case [3, _, dict(payload)]:
                return CallResult(command.unique_id, payload)
            case [4, _, str(code), str(description), dict(details)]:
                return CallError(command.unique_id, code, description, details)
        return CallError(command.unique_id, "NotSupported", "not in the transcript")


@dataclass(slots=True)
class _Start:
    """A recorded StartTransaction, and the id that the server gave to it."""

    recorded_id: Any
    connector: Any
    id_tag: Any
    real_id: int | None = None


class _Transactions:
    """Which recorded transaction id stands for which real one."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._starts: dict[int, _Start] = {}
        asked: dict[str, Line] = {}
        for line in lines:
            if line.direction == "cp->csms" and _is_call(line.frame) and line.frame[2] == "StartTransaction":
                asked[line.frame[1]] = line
            elif line.direction == "csms->cp" and line.frame[0] == 3 and line.frame[1] in asked:
                start = asked[line.frame[1]]
                payload = start.frame[3]
                self._starts[start.number] = _Start(
                    line.frame[2].get("transactionId"), payload.get("connectorId"), payload.get("idTag")
                )

    def learn(self, line: Line, answer: CallResult) -> None:
        """Note the id that the server gave, if the line is a start."""
        start = self._starts.get(line.number)
        if start is not None:
            start.real_id = answer.payload.get("transactionId")

    def translate(self, action: str, payload: Payload) -> Payload:
        """The payload with the server's transaction id in place of the recorded one."""
        recorded_id = payload.get("transactionId")
        if recorded_id is None:
            return payload
        known = [start for start in self._starts.values() if start.recorded_id == recorded_id and start.real_id]
        known = [start for start in known if start.connector == payload.get("connectorId")] or known
        known = [start for start in known if start.id_tag == payload.get("idTag")] or known
        return {**payload, "transactionId": known[-1].real_id} if known else payload


def _is_call(frame: Any) -> bool:
    return isinstance(frame, list) and len(frame) == 4 and frame[0] == 2


def _key(action: str, payload: Any) -> bytes:
    return action.encode() + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
