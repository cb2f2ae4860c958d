"""The command line: a manual, sentences instead of tracebacks, and processes that start and end as they should."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from csms.cli import main, options
from csms.cli.serve import with_free_ports
from csms.errors import ConfigurationError
from csms.settings import Settings

_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CSMS_")}
_LOOPBACK = ("--host", "127.0.0.1")


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


Csms = Callable[..., Ended]


@pytest.fixture
def csms(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Csms]:
    """Runs `csms` with some words in this process, without variables of its environment."""
    for name in [name for name in os.environ if name.startswith("CSMS_")]:
        monkeypatch.delenv(name)

    def run(*words: str) -> Ended:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["csms", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capfd.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, said.out, said.err)

    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for commands that leave it usable."""
    return tmp_path_factory.mktemp("data")


# --- the manual


def test_the_help_is_a_manual(csms: Csms) -> None:
    ended = csms("--help")
    assert ended.code == 0
    for part in ("FIRST STEPS", "CONNECT A CHARGE BOX", "SETTINGS", "EXIT CODES", "csms demo", "csms serve"):
        assert part in ended.out
    for command in ("serve", "demo", "migrate", "settings", "keys"):
        assert re.search(rf"^  {command} ", ended.out, re.MULTILINE)


@pytest.mark.parametrize("words", [(), ("keys",)])
def test_a_word_short_is_answered_with_help(csms: Csms, words: tuple[str, ...]) -> None:
    ended = csms(*words)
    assert ended.code == 0
    assert ended.out.startswith("Usage: ")


def test_every_option_names_its_variable(csms: Csms) -> None:
    shown = csms("serve", "--help").out
    for name in options.START:
        assert f"--{name.replace('_', '-')}" in shown
        assert f"[CSMS_{name.upper()}" in shown


def test_every_variable_is_listed_and_secrets_are_not(csms: Csms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSMS_SECRET_KEY", "not to be seen")
    monkeypatch.setenv("CSMS_OCPP_PORT", "9123")
    shown = csms("settings").out
    for name, field in Settings.model_fields.items():
        assert re.search(rf"^CSMS_{name.upper()} .*{re.escape(field.description or '')}$", shown, re.MULTILINE)
    assert re.search(r"^CSMS_OCPP_PORT \* +9123 ", shown, re.MULTILINE)
    assert "not to be seen" not in shown


# --- refusals


def _port_in_use() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


port_in_use = pytest.fixture(_port_in_use)


def _assert_one_sentence(ended: Ended, beginning: str, *, code: int = 2) -> None:
    assert ended.err.startswith(beginning), ended.err
    assert ended.err.count("\n") == 1
    assert (ended.code, ended.out) == (code, "")


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        (("--ocpp-port", "many"), "CSMS_OCPP_PORT: "),
        (("--api-port", "70000"), "CSMS_API_PORT: "),
        (("--role", "king"), "CSMS_ROLE: "),
        (("--unknown-charge-boxes", "maybe"), "CSMS_UNKNOWN_CHARGE_BOXES: "),
        (("--log-level", "loud"), "CSMS_LOG_LEVEL: "),
        (("--nats-url", "http://nats"), "CSMS_NATS_URL: "),
        (("--database-url", "mysql://db/csms"), "CSMS_DATABASE_URL: must begin with postgresql://"),
        (("--database-url", "postgresql://a:b@127.0.0.1:1/csms"), "CSMS_DATABASE_URL: no PostgreSQL answers at 127"),
        (("--database-url", "postgresql://127.0.0.1:port/csms"), "CSMS_DATABASE_URL: "),
        (("--database-url", "postgresql://no.such.host.invalid/csms"), "CSMS_DATABASE_URL: no PostgreSQL answers"),
        (("--data-dir", "/dev/null/data"), "CSMS_DATA_DIR: /dev/null/data cannot be used"),
        (("--host", "no.such.host.invalid"), "CSMS_HOST: "),
        (("--host", "192.0.2.1"), "CSMS_HOST: 192.0.2.1 is no address of this machine"),
        (("--frobnicate",), "No such option: --frobnicate"),
    ],
)
def test_what_cannot_be_is_one_sentence_that_names_the_setting(
    csms: Csms, words: tuple[str, ...], beginning: str
) -> None:
    ended = csms("serve", *_LOOPBACK, "--ocpp-port", "0", "--api-port", "0", *words)
    _assert_one_sentence(ended, beginning)


def test_a_password_in_a_bad_address_is_not_shown(csms: Csms) -> None:
    assert "secret" not in csms("serve", "--api-port", "0", "--database-url", "postgresql://a:secret@127.0.0.1:1/b").err


@pytest.mark.parametrize("setting", ["ocpp_port", "api_port"])
def test_a_port_in_use_is_named(csms: Csms, port_in_use: int, setting: str) -> None:
    ports = {"ocpp_port": "0", "api_port": "0"} | {setting: str(port_in_use)}
    ended = csms("serve", *_LOOPBACK, "--ocpp-port", ports["ocpp_port"], "--api-port", ports["api_port"])
    _assert_one_sentence(ended, f"CSMS_{setting.upper()}: port {port_in_use} is in use")


def test_a_variable_is_refused_like_an_option(csms: Csms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSMS_CALL_TIMEOUT_S", "-1")
    _assert_one_sentence(csms("serve"), "CSMS_CALL_TIMEOUT_S: ")


# --- keys


def test_a_new_key_stands_alone_on_stdout(csms: Csms, data_dir: Path) -> None:
    ended = csms("keys", "create", "alone", "--role", "viewer", "--data-dir", str(data_dir))
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"csms_[A-Za-z0-9_-]{43}\n", ended.out)


def test_keys_are_listed_without_their_secret_and_revoked_by_name(csms: Csms, data_dir: Path) -> None:
    where = ("--data-dir", str(data_dir))
    secret = csms("keys", "create", "passing", "--role", "operator", *where).out.strip()
    live = csms("keys", "list", *where).out
    assert re.search(r"^passing +operator .* live$", live, re.MULTILINE)
    assert secret not in live
    assert csms("keys", "revoke", "passing", *where).code == 0
    assert re.search(r"^passing +operator .* revoked ", csms("keys", "list", *where).out, re.MULTILINE)


def test_a_name_that_is_taken_and_one_that_is_not_there_are_said(csms: Csms, data_dir: Path) -> None:
    where = ("--data-dir", str(data_dir))
    csms("keys", "create", "taken", "--role", "viewer", *where)
    again = csms("keys", "create", "taken", "--role", "admin", *where)
    _assert_one_sentence(again, "there is an API key taken already", code=1)
    _assert_one_sentence(csms("keys", "revoke", "nobody", *where), "there is no API key nobody", code=1)


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        (("key", "--role", "king"), "Invalid value for '--role': 'king' is not one of 'viewer'"),
        (("key",), "Missing option '--role'"),
        ((" ", "--role", "viewer"), "NAME: an API key needs a name"),
    ],
)
def test_a_key_needs_a_name_and_a_role(csms: Csms, words: tuple[str, ...], beginning: str) -> None:
    _assert_one_sentence(csms("keys", "create", *words), beginning)


def test_migrating_is_said(csms: Csms, data_dir: Path) -> None:
    assert csms("migrate", "--data-dir", str(data_dir)) == Ended(0, "The database is up to date.\n", "")


# --- the life of a server


@dataclass(frozen=True)
class Server:
    """A server in a process of its own; the ports that it does not listen on are 0."""

    process: subprocess.Popen[str]
    data_dir: Path
    ocpp_port: int
    api_port: int

    def get(self, path: str, key: str = "") -> tuple[int, Any]:
        """Ask the REST API; returns the status and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    @property
    def has_its_database_running(self) -> bool:
        """Whether PostgreSQL runs in its folder."""
        return (self.data_dir / "postgres" / "postmaster.pid").exists()


@contextlib.contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A process of `csms`, with a process group of its own, as a shell gives it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "csms", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_ENVIRONMENT,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read the output up to the line that matches; returns all of it."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if re.search(pattern, line):
            return read
    raise AssertionError(f"it ended and never said {pattern!r}:\n{read}")


def _port(said: str, pattern: str) -> int:
    found = re.search(pattern + r"[^ ]*?127\.0\.0\.1:(\d+)", said)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def _serving(data_dir: Path, role: str = "all") -> Iterator[Server]:
    """`csms serve` on free ports, once it listens."""
    where = ("--data-dir", str(data_dir), *_LOOPBACK, "--ocpp-port", "0", "--api-port", "0", "--role", role)
    with _process("serve", *where) as process:
        said = _read_until(process, "health at http" if role == "node" else "REST API at http")
        api = _port(said, "(?:REST API|health) at ")
        yield Server(process, data_dir, _port(said, "charge boxes connect to "), api)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_server_ends_cleanly_when_told(data_dir: Path) -> None:
    with _serving(data_dir) as server:
        assert server.get("/healthz")[0] == 200
        assert server.get("/readyz")[0] == 200
        assert _listens(server.ocpp_port)
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 5
        assert not server.has_its_database_running


def test_an_interrupt_at_the_terminal_ends_it_cleanly_too(data_dir: Path) -> None:
    with _serving(data_dir) as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(20) == 0
        assert not server.has_its_database_running
        assert server.process.stdout is not None
        assert "Traceback" not in server.process.stdout.read()


def test_a_key_made_while_the_server_runs_opens_it_and_leaves_it_running(csms: Csms, data_dir: Path) -> None:
    with _serving(data_dir) as server:
        assert server.get("/v2/chargeboxes")[0] == 403
        made = csms("keys", "create", "running", "--role", "viewer", "--data-dir", str(data_dir))
        assert made.code == 0
        assert server.get("/v2/chargeboxes", made.out.strip())[0] == 200
        assert server.has_its_database_running


def test_a_killed_server_starts_again_with_what_it_had(csms: Csms, data_dir: Path) -> None:
    with _serving(data_dir) as server:
        made = csms("keys", "create", "survivor", "--role", "viewer", "--data-dir", str(data_dir))
        server.process.kill()
        server.process.wait(10)
    assert server.has_its_database_running
    with _serving(data_dir) as again:
        assert again.get("/v2/chargeboxes", made.out.strip())[0] == 200
        again.process.terminate()
        assert again.process.wait(20) == 0
    assert not again.has_its_database_running


def test_an_api_alone_takes_no_charge_boxes(data_dir: Path) -> None:
    with _serving(data_dir, role="api") as server:
        assert server.ocpp_port == 0
        assert server.get("/readyz")[0] == 200


def test_a_node_alone_serves_charge_boxes_and_its_health(data_dir: Path) -> None:
    with _serving(data_dir, role="node") as server:
        assert _listens(server.ocpp_port)
        assert server.get("/readyz")[0] == 200
        assert server.get("/v2/chargeboxes")[0] == 404


# --- the demo


def test_the_demo_prints_commands_that_work_when_pasted(tmp_path: Path) -> None:
    began = time.monotonic()
    with _process("demo", "--data-dir", str(tmp_path / "demo"), "--ocpp-port", "0", "--api-port", "0") as process:
        said = _read_until(process, r"^  -d .*remote-stop-transaction")
        assert time.monotonic() - began < 60
        children = psutil.Process(process.pid).children(recursive=True)
        lists, stops = re.findall(r"^curl (?:.*\\\n)*.*$", said, re.MULTILINE)
        listed = json.loads(subprocess.check_output(["sh", "-c", lists.replace("curl", "curl -s")]))
        assert {box["isOnline"] for box in listed["data"]} == {True}
        assert len(listed["data"]) == 4
        assert json.loads(subprocess.check_output(["sh", "-c", stops.replace("curl", "curl -s")])) == {
            "status": "Accepted"
        }
        assert "(Remote" in _read_until(process, r"^Transaction \d+ has ended")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()
    assert children != []
    assert not any(child.is_running() for child in children)
    assert not (tmp_path / "demo" / "postgres" / "postmaster.pid").exists()


def test_a_port_that_nobody_chose_may_become_another(port_in_use: int) -> None:
    settings = Settings.read(host="127.0.0.1", api_port=port_in_use, ocpp_port=0)
    assert with_free_ports(settings, said=()).api_port == 0
    with pytest.raises(ConfigurationError, match=f"port {port_in_use} is in use"):
        with_free_ports(settings, said=("api_port",))


def test_the_demo_says_when_a_port_that_was_asked_for_is_in_use(csms: Csms, tmp_path: Path, port_in_use: int) -> None:
    ended = csms("demo", "--data-dir", str(tmp_path), "--api-port", str(port_in_use))
    _assert_one_sentence(ended, f"CSMS_API_PORT: port {port_in_use} is in use")
