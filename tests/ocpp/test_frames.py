import json

import msgspec
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csms.ocpp.errors import ErrorCode
from csms.ocpp.frames import (
    MAX_FRAME_BYTES,
    Call,
    CallError,
    CallResult,
    Ignored,
    Malformed,
    NumericId,
    decode,
    encode_call,
    encode_call_error,
    encode_call_result,
)
from csms.ocpp.leniency import TOLERATED
from tests.ocpp.strategies import json_values, scalars


def test_the_three_message_types_are_read() -> None:
    assert decode(b'[2,"19223201","Heartbeat",{}]') == Call("19223201", "Heartbeat", {})
    assert decode(b'[3,"19223201",{"status":"Accepted"}]') == CallResult("19223201", {"status": "Accepted"})
    assert decode(b'[4,"162376037","NotSupported","SendLocalList.req not implemented",{"a":1}]') == CallError(
        "162376037", "NotSupported", "SendLocalList.req not implemented", {"a": 1}
    )


def test_every_kind_of_buffer_is_read_alike() -> None:
    frame = b'[2,"1","Heartbeat",{}]'
    assert decode(frame) == decode(bytearray(frame)) == decode(memoryview(frame))


@pytest.mark.parametrize(
    ("frame", "expected", "kinds"),
    [
        (b'[2,"1","Heartbeat",null]', Call("1", "Heartbeat", {}), ["null_payload"]),
        (b'[2,"1","Heartbeat"]', Call("1", "Heartbeat", {}), ["null_payload"]),
        (b'[2.0,"1","Heartbeat",{}]', Call("1", "Heartbeat", {}), []),
        (b'[2,"1","Heartbeat",{},{"signature":"x"}]', Call("1", "Heartbeat", {}), ["extra_element"]),
        (b'[2,7,"Heartbeat",{}]', Call(NumericId("7"), "Heartbeat", {}), ["numeric_unique_id"]),
        (b'[2,"%s","A",{}]' % (b"x" * 255), Call("x" * 255, "A", {}), ["long_unique_id"]),
        (b'[2,"%s","A",{}]' % (b"x" * 36), Call("x" * 36, "A", {}), []),
        (b'\xef\xbb\xbf [2,"1","A",{}]\r\n\x00', Call("1", "A", {}), ["invalid_json"]),
        (b'[2,"1","A",{"a":"x\ty"}]', Call("1", "A", {"a": "x\ty"}), ["invalid_json"]),
        (b'[2,"1","A",{"a":"\xe6"}]', Call("1", "A", {"a": "\ufffd"}), ["invalid_json"]),
        (b'[2,"1","A",{"a":NaN}]', Call("1", "A", {"a": "NaN"}), ["invalid_json"]),
        (b'[2,"1","A",{"a":-Infinity,"b":1e999}]', Call("1", "A", {"a": "-Infinity", "b": "1e999"}), ["invalid_json"]),
        (b'[2,"1","A",{"a":"x\\u0000y"}]', Call("1", "A", {"a": "x\ufffdy"}), ["unstorable_character"]),
        (b'[2,"1","A",{"a":"\\\\u0000"}]', Call("1", "A", {"a": "\\u0000"}), []),
        (b'[2,"1","A",{"\\u0000":["\\u0000"]}]', Call("1", "A", {"\ufffd": ["\ufffd"]}), ["unstorable_character"]),
        (
            b'[2,"1","A\\u0000",{"a":"x\\ud800y"}]',
            Call("1", "A\ufffd", {"a": "x\ufffdy"}),
            ["invalid_json", "unstorable_character"],
        ),
        (b'[2,"1","A",{"a":"\\ud83d\\ude00"}]', Call("1", "A", {"a": "\U0001f600"}), []),
        (b'[3,"1"]', CallResult("1", {}), ["null_payload"]),
        (b'[3,"1",null]', CallResult("1", {}), ["null_payload"]),
        (b'[4,"1"]', CallError("1", "GenericError", "", {}), ["incomplete_call_error"]),
        (b'[4,"1","InternalError"]', CallError("1", "InternalError", "", {}), ["incomplete_call_error"]),
        (b'[4,"1","Odd",null,null]', CallError("1", "Odd", "", {}), ["incomplete_call_error"]),
        (b'[4,"1","Odd","",{},1]', CallError("1", "Odd", "", {}), ["extra_element"]),
    ],
)
def test_what_has_a_clear_meaning_is_read_and_noted(
    frame: bytes, expected: Call | CallResult | CallError, kinds: list[str]
) -> None:
    decoded = decode(frame)

    assert isinstance(decoded, Call | CallResult | CallError)
    assert [deviation.kind for deviation in decoded.deviations] == kinds
    assert TOLERATED.keys() >= set(kinds)
    assert msgspec.structs.replace(decoded, deviations=()) == expected


@pytest.mark.parametrize(
    ("frame", "unique_id", "answerable"),
    [
        (b'[2,"1",["Heartbeat"],{}]', "1", True),
        (b'[2,"1",null,{}]', "1", True),
        (b'[2,"1"]', "1", True),
        (b'[2,"1","Heartbeat",[]]', "1", True),
        (b'[2,"1","Heartbeat","x"]', "1", True),
        (b'[3,"1",[]]', "1", False),
        (b'[2,"%s","A",{}]' % (b"x" * 256), "x" * 256, True),
        (b'[3,"%s",{}]' % (b"x" * 256), "x" * 256, False),
        (b'[2,"%s","A",{}]' % (b"x" * 2000), None, False),
        (b'[2,"1","A",%s%s]' % (b'{"a":' * 101, b"1" + b"}" * 101), "1", True),
        (b'[3,"1",%s%s]' % (b'{"a":' * 101, b"1" + b"}" * 101), "1", False),
        (b'[2,"1","StartTransaction",{"connectorId":1,"idT', "1", True),
        (b' [ 2 , "a\\"b" , "Start', 'a"b', True),
        (b'[2,17,"StartTransaction",{', "17", True),
        (b'[3,"1",{"configurationKey":[]', "1", False),
        (b'[4,"1","InternalError","broken', "1", False),
        (b'[2,"1', None, False),
        (b'[2,"\\x","A",{', None, False),
        (b'[2,"%s","A",{' % (b"x" * 2000), None, False),
        (b"[2,1", None, False),
        (b"[2,null,1]", None, False),
        (b'[2,true,"A",{}]', None, False),
        (b'[true,"1","A",{}]', None, False),
        (b'["2","1","A",{}]', None, False),
        (b"[]", None, False),
        (b"[2]", None, False),
        (b"{}", None, False),
        (b"hello", None, False),
        (b"\xff\xfe\x00", None, False),
        (b"[" * 100_000, None, False),
        (b"[" * 5000 + b"]" * 5000, None, False),
    ],
)
def test_what_has_no_meaning_is_malformed_and_only_a_call_with_an_id_is_answerable(
    frame: bytes, unique_id: str | None, answerable: bool
) -> None:
    malformed = decode(frame)

    assert isinstance(malformed, Malformed)
    assert malformed.code is ErrorCode.FORMATION_VIOLATION
    assert (malformed.unique_id, malformed.answerable) == (unique_id, answerable)


@pytest.mark.parametrize("frame", [b"", b" \r\n", b"\x00", b'[1,"x"]', b'[5,"1",{}]', b"[2.5]", b"[-1]"])
def test_empty_frames_and_unknown_message_types_are_ignored(frame: bytes) -> None:
    assert isinstance(decode(frame), Ignored)


@pytest.mark.parametrize(("message_type", "answerable"), [(2, True), (3, False)])
def test_an_oversized_frame_still_tells_its_unique_id(message_type: int, answerable: bool) -> None:
    frame = orjson.dumps([message_type, "1", "DataTransfer", {"data": "x" * MAX_FRAME_BYTES}])

    malformed = decode(frame)

    assert isinstance(malformed, Malformed)
    assert malformed.code is ErrorCode.GENERIC_ERROR
    assert (malformed.unique_id, malformed.answerable) == ("1", answerable)


def test_a_frame_of_the_largest_size_is_read() -> None:
    frame = b'[2,"1","DataTransfer",{"data":"%s"}]'
    frame = frame % (b"x" * (MAX_FRAME_BYTES - len(frame) + 2))

    assert len(frame) == MAX_FRAME_BYTES
    assert isinstance(decode(frame), Call)


def test_integers_of_thousands_of_digits_do_no_harm() -> None:
    call = decode(b'[2,"1","A",{"a":1%s,"b":18446744073709551616,"c":-9223372036854775808,"d":1}]' % (b"0" * 5000))

    assert isinstance(call, Call)
    assert call.payload == {"a": "1" + "0" * 5000, "b": 18446744073709551616.0, "c": -9223372036854775808, "d": 1}


def test_a_numeric_unique_id_is_text_that_is_echoed_as_the_number() -> None:
    for number in (b"7", b"-1", b"1.5", b"9223372036854775807"):
        call = decode(b'[2,%s,"Heartbeat",{}]' % number)
        assert isinstance(call, Call)
        assert call.unique_id == number.decode()
        assert encode_call_result(call.unique_id, {}) == b"[3,%s,{}]" % number
        assert encode_call_error(call.unique_id, ErrorCode.GENERIC_ERROR) == b'[4,%s,"GenericError","",{}]' % number


def test_what_is_encoded_follows_the_specification() -> None:
    assert encode_call("1", "Reset", {"type": "Hard"}) == b'[2,"1","Reset",{"type":"Hard"}]'
    assert encode_call_result("1", {}) == b'[3,"1",{}]'
    assert (
        encode_call_error("1", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "æ" * 300, {"a": 1})
        == f'[4,"1","OccurenceConstraintViolation","{"æ" * 255}",{{"a":1}}]'.encode()
    )


@given(st.text(max_size=36), st.text(min_size=1), st.dictionaries(st.text(), st.text() | st.integers(0, 9)))
def test_what_is_encoded_is_decoded_again(unique_id: str, action: str, payload: dict[str, str | int]) -> None:
    call = decode(encode_call(unique_id, action, payload))
    result = decode(encode_call_result(unique_id, payload))

    assert isinstance(call, Call)
    assert isinstance(result, CallResult)
    if not call.deviations:  # a NUL is replaced
        assert call == Call(unique_id, action, payload)
        assert result == CallResult(unique_id, payload)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"[2," + b"9" * 5000)
def test_no_bytes_raise(data: bytes) -> None:
    decode(data)


_FRAMES = st.tuples(
    st.sampled_from([2, 3, 4]) | json_values,
    st.sampled_from(["1", 7]) | json_values,
    st.sampled_from(["Heartbeat", {}]) | json_values,
).flatmap(lambda head: st.lists(json_values, max_size=3).map(lambda rest: [*head, *rest]))


@settings(max_examples=500, deadline=None)
@given(_FRAMES, st.integers(0, 40))
def test_no_frame_raises_and_what_is_decoded_can_be_stored(parts: list[object], cut: int) -> None:
    data = json.dumps(parts).encode()

    for frame in (decode(data), decode(data[: len(data) - cut])):
        if isinstance(frame, Call | CallResult | CallError):
            text = orjson.dumps(frame.details if isinstance(frame, CallError) else frame.payload).decode()
            assert "\\u0000" not in text.replace("\\\\", "")
            frame.unique_id.encode()
            encode_call_result(frame.unique_id, {})
        if isinstance(frame, Malformed) and frame.answerable:
            assert frame.unique_id is not None
            encode_call_error(frame.unique_id, frame.code, frame.reason)


@given(scalars)
def test_no_unique_id_raises(unique_id: object) -> None:
    decode(json.dumps([2, unique_id, "Heartbeat", {}]).encode())
