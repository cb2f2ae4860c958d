"""Logs: one line an event, with the charge box first, as text or as JSON."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from csms.logs import setup

_log = logging.getLogger("csms.tested")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def _logged(level: str, *, as_json: bool = False) -> io.StringIO:
    stream = io.StringIO()
    setup(level, as_json, stream)
    return stream


def test_a_line_says_when_how_grave_where_and_which_charge_box() -> None:
    stream = _logged("INFO")
    _log.warning("sent no boot for %d s", 10, extra={"charge_box": "DK.1"})
    moment, level, rest = stream.getvalue().split(maxsplit=2)
    assert moment.endswith("Z")
    assert (level, rest) == ("WARNING", "csms.tested: DK.1: sent no boot for 10 s\n")


def test_a_hostile_text_stays_on_its_line() -> None:
    stream = _logged("INFO")
    _log.info("odd frame %s", "a\nb\r\x1b[2J\x9b", extra={"charge_box": "X\nY"})
    assert stream.getvalue().count("\n") == 1
    assert r"X\nY: odd frame a\nb\r\x1b[2J\x9b" in stream.getvalue()


def test_json_has_one_object_a_line_with_the_traceback_in_it() -> None:
    stream = _logged("INFO", as_json=True)
    _log.info("plain")
    try:
        raise ValueError("broken \ud800")
    except ValueError:
        _log.exception("failed", extra={"charge_box": "DK.1"})
    plain, failed = (json.loads(line) for line in stream.getvalue().splitlines())
    assert set(plain) == {"at", "level", "logger", "message"}
    assert (failed["chargeBox"], failed["message"], failed["level"]) == ("DK.1", "failed", "ERROR")
    assert "ValueError: broken" in failed["exception"]


def test_the_text_of_a_failure_has_its_traceback_below() -> None:
    stream = _logged("INFO")
    try:
        raise ValueError("broken")
    except ValueError:
        _log.exception("failed")
    assert "csms.tested: failed\nTraceback" in stream.getvalue()


def test_libraries_keep_their_inner_life_to_themselves() -> None:
    stream = _logged("INFO")
    logging.getLogger("websockets.server").info("> TEXT password")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("uvicorn.error").warning("of interest")
    assert stream.getvalue().count("\n") == 1
    assert "of interest" in stream.getvalue()


def test_websockets_never_shows_frames_even_while_debugging() -> None:
    stream = _logged("DEBUG")
    logging.getLogger("websockets.server").debug("> TEXT password")
    logging.getLogger("uvicorn.access").info("GET /")
    assert "password" not in stream.getvalue()
    assert "GET /" in stream.getvalue()
