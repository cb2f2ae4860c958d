"""
Hostile and careless frames: a corpus of what real stacks sent, and any number of random ones.

The random ones are of two kinds. Hypothesis makes whole frames that are wrong in their
structure or content; the rest are sound frames with a few bytes changed, cut or doubled,
which costs microseconds instead of milliseconds a frame. Both are the same in every run.
"""

import itertools
import json
import random
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.ocpp.strategies import VALID_REQUESTS, careless_requests, json_values, scalars, texts

_HUGE = "9" * 5000
_DEEP = "[" * 5000 + "]" * 5000

CORPUS: list[bytes] = [
    # field-notes D31, D32: truncated JSON, empty frames, null payload
    b'[2,"d31","GetConfiguration",{"configurationKey":[]',
    b'[3,"d31",{"configurationKey":[]',
    b"",
    b" \r\n\x00",
    b'[2,"d32","Heartbeat",null]',
    b'[2,"d32b","Heartbeat"]',
    # section 1: what ends the receive loop of others
    f'[2,"huge","StatusNotification",{{"connectorId":{_HUGE},"errorCode":"NoError","status":"Available"}}]'.encode(),
    f'[2,{_HUGE},"Heartbeat",{{}}]'.encode(),
    f"[{_HUGE}]".encode(),
    f'[2,"deep","DataTransfer",{{"vendorId":"x","data":{_DEEP}}}]'.encode(),
    _DEEP.encode(),
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'[2,"list",["Heartbeat"],{}]',
    b'[2,"dict",{"Heartbeat":1},{}]',
    b'[2,["id"],"Heartbeat",{}]',
    b'[2,{"id":1},"Heartbeat",{}]',
    # what is no frame
    b"null",
    b"17",
    b'"2"',
    b"{}",
    b"[]",
    b"[2]",
    b"[[]]",
    b'[true,"id","Heartbeat",{}]',
    b'["2","id","Heartbeat",{}]',
    b'[1,"id"]',
    b'[5,"id","Heartbeat",{}]',
    b'[-2,"id","Heartbeat",{}]',
    b'[2e400,"id","Heartbeat",{}]',
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x00\x01\x02\xff\xfe",
    b"\xef\xbb\xbf[2]",
    # replies to calls that nobody made
    b'[3,"nobody",{}]',
    b'[3,"nobody"]',
    b'[3,"nobody",[]]',
    b'[3,null,{"status":"Accepted"}]',
    b'[4,"nobody"]',
    b'[4,"nobody",null,null,null]',
    b'[4,"nobody",17,{},"x","y","z"]',
    b'[4,"nobody","NoSuchCode","\\ud800",{"a":[]}]',
    # odd characters in every place
    b'[2,"nul\\u0000id","Heartbeat",{}]',
    b'[2,"nul\\u0000id","Heartbeat",{',
    b'[2,"raw\x00id","Heart\x00beat",{}]',
    b'[2,"sur\\ud800id","Auth\\udfffize",{"id\\ud800Tag":"\\udfff"}]',
    b'[2,"utf\xff","Authorize",{"idTag":"\xff\xfe"}]',
    b'[2,"tab","Authorize",{"idTag":"a\tb\nc"}]',
    # numbers that no column holds
    b'[2,"e1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-11-20T10:00:00Z",'
    b'"sampledValue":[{"value":"1e999999"},{"value":"-1e-999999"},{"value":"NaN"},{"value":"Infinity"}]}]}]',
    b'[2,"e2","MeterValues",{"connectorId":-1e300,"transactionId":1e300,"meterValue":[{"timestamp":"0001-01-01",'
    b'"sampledValue":[{"value":1e308,"measurand":"SoC"},{"value":true}]}]}]',
    b'[2,"e3","StartTransaction",{"connectorId":1e300,"idTag":1e300,"meterStart":1e300,"timestamp":1e300}]',
    b'[2,"e4","StopTransaction",{"transactionId":-1e300,"meterStop":-1e300,"timestamp":"9999-12-31T23:59:59-14:00"}]',
    b'[2,"e5","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":NaN,"timestamp":"0000-00-00T00:00:00Z"}]',
    b'[2,"e6","StatusNotification",{"connectorId":-9223372036854775808,"errorCode":5,"status":[],"timestamp":{}}]',
    # too much
    b'[2,"big","DataTransfer",{"vendorId":"' + b"x" * (1 << 20) + b'"}]',
    b'[2,"' + b"i" * 2000 + b'","Heartbeat",{}]',
    b'[2,"a","' + b"A" * 500_000 + b'",{}]',
    b'[2,"k","Heartbeat",{' + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}]",
    b'[2,"twice","Heartbeat",{"a":1,"a":2,"a":{"a":3}}]',
]

_ACTIONS = sorted(VALID_REQUESTS)
_ids = st.one_of(texts, scalars, st.lists(scalars, max_size=2))


@st.composite
def _frames(draw: st.DrawFn) -> bytes:
    """One frame: a call with an odd payload, a frame of odd parts, or bytes."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=40))
    if kind < 3:
        parts = draw(st.lists(json_values, max_size=5))
    elif kind < 5:
        action = draw(st.one_of(json_values, st.sampled_from(_ACTIONS)))
        parts = [draw(st.sampled_from([2, 2, 3, 4, 5])), draw(_ids), action, draw(json_values)]
    else:
        action = draw(st.sampled_from(_ACTIONS))
        parts = [2, draw(texts), action, draw(careless_requests(action))]
    text = json.dumps(parts, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


def structured(count: int) -> list[bytes]:
    """Make frames that hypothesis thinks of; it makes them in bunches, as each example has its price."""
    bunch = 20
    found: list[bytes] = []

    @settings(
        max_examples=-(-count // bunch),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_frames(), min_size=bunch, max_size=bunch))
    def collect(frames: list[bytes]) -> None:
        found.extend(frames)

    collect()
    return found[:count]


def mutated(count: int) -> Iterator[bytes]:
    """Make sound frames, and change a few of their bytes."""
    chance = random.Random(1605)
    sound = [json.dumps([2, f"m{n}", action, VALID_REQUESTS[action]]).encode() for n, action in enumerate(_ACTIONS)]
    sound += [b'[3,"m",{"status":"Accepted"}]', b'[4,"m","InternalError","",{}]']
    for frame in itertools.islice(itertools.cycle(sound), count):
        data = bytearray(frame)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            match chance.randrange(5):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 9)]
                case 2:
                    data[at:at] = chance.choice([b'"', b"[", b"}", b"\\", b"\x00", b"9" * 30, b"null", b",", b"-"])
                case 3:
                    data[at:at] = data[at : at + chance.randint(1, 30)]
                case _:
                    data = data[:at] or bytearray(b"[")
            if not data:
                break
        yield bytes(data)
