"""
The life of one process, from top to bottom: ports, database, migrations, application, end.

Whatever cannot be is found before anything is started, as far as possible, and is
a ConfigurationError. SIGTERM and Ctrl-C are ours and not uvicorn's: they stop what
was started in the opposite order, and the embedded PostgreSQL as the last.
"""

import asyncio
import contextlib
import errno
import logging
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Container, Iterator
from typing import Any, TypeAlias

import psutil  # type: ignore[import-untyped] # it has no types of its own
import uvicorn
import uvloop

from csms.errors import ConfigurationError
from csms.settings import Role, Settings
from csms.store import embedded
from csms.store.database import Database
from csms.store.migrate import migrate

MakeApp: TypeAlias = Callable[[Settings, Database], Any]
"""Makes the web application (ASGI, with a lifespan that starts and stops the node)."""

Beside: TypeAlias = Callable[[Settings, Database], Awaitable[None]]
"""Runs beside the application once that answers, and is cancelled before it ends."""

GRACE_S = 1  # for requests in flight at the end; the node needs its time too, and a shutdown less than 5 s in all

_BACKLOG = 2048
_log = logging.getLogger(__name__)


def serve(settings: Settings, make_app: MakeApp, *, beside: Beside | None = None) -> None:
    """
    Serve until a signal says to stop.

    Raises:
        ConfigurationError: a port is in use, the database cannot be reached, the data folder cannot be used.
    """
    _raise_file_limit()
    with listen(settings.host, settings.api_port, "api_port") as http:
        settings = settings.model_copy(
            update={"api_port": http.getsockname()[1], "ocpp_port": _ocpp_port(settings)},
        )
        with database_of(settings) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, url, http, make_app, beside))


@contextlib.contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The URL of the database: a server of the operator's own, or the embedded one while this lasts."""
    if settings.database_url:
        yield settings.database_url
        return
    _log.debug("starting the embedded PostgreSQL in %s", settings.data_dir)
    server = embedded.start(settings.data_dir)
    try:
        with server.kept_running():
            yield server.url
    finally:
        server.stop()


def listen(host: str, port: int, setting: str) -> socket.socket:
    """
    Take a port, so that nobody else gets it; connections wait until somebody accepts them.

    Args:
        host: an address of this machine, or the name of one.
        port: 0 takes a free one.
        setting: the port's setting, for the error.

    Raises:
        ConfigurationError: names the setting, or CSMS_HOST where that is wrong.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise ConfigurationError("CSMS_HOST", f"{host!r} is no address of this machine ({error})") from None
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        raise _cannot_listen(host, port, setting, error) from None
    return taken


def with_free_ports(settings: Settings, *, said: Container[str]) -> Settings:
    """Let a port that nobody chose and somebody uses become a free one."""
    free = {}
    for name in ("api_port", "ocpp_port"):
        try:
            listen(settings.host, getattr(settings, name), name).close()
        except ConfigurationError as error:
            if name in said or error.setting == "CSMS_HOST":
                raise
            free[name] = 0
    return settings.model_copy(update=free)


def _cannot_listen(host: str, port: int, setting: str, error: OSError) -> ConfigurationError:
    name = f"CSMS_{setting.upper()}"
    if error.errno == errno.EADDRINUSE:
        option = f"--{setting.replace('_', '-')}"
        return ConfigurationError(name, f"port {port} is in use; end what uses it, or choose another with {option}")
    if error.errno == errno.EACCES:
        return ConfigurationError(name, f"port {port} needs more rights than this user has; choose one above 1023")
    return ConfigurationError("CSMS_HOST", f"{host} is no address of this machine ({error.strerror})")


def _ocpp_port(settings: Settings) -> int:
    """The port for charge boxes: found free, to be bound by the node in a moment."""
    if settings.role is Role.api:
        return settings.ocpp_port
    with listen(settings.host, settings.ocpp_port, "ocpp_port") as taken:
        port: int = taken.getsockname()[1]
        return port


async def _serve(settings: Settings, url: str, http: socket.socket, make_app: MakeApp, beside: Beside | None) -> None:
    stop = _told_to_stop()
    await migrate(url)
    database = Database(url, pool_size=settings.pool_size)
    try:
        app = make_app(settings, database)
        # The lifespan is entered here, so that an error of the start is ours to tell.
        async with app.router.lifespan_context(app):
            _announce(settings)
            await _answer(_web_server(settings, app), http, stop, beside and beside(settings, database))
    finally:
        await database.close()


async def _answer(
    server: uvicorn.Server, http: socket.socket, stop: asyncio.Event, beside: Awaitable[None] | None
) -> None:
    """Answer requests until told to stop, or until something ends that should not."""
    serving = asyncio.ensure_future(server.serve([http]))
    stopping = asyncio.ensure_future(stop.wait())
    companions = [asyncio.ensure_future(beside)] if beside else []
    await asyncio.wait({serving, stopping, *companions}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for companion in companions:
        companion.cancel()
    ends = await asyncio.gather(*companions, return_exceptions=True)
    server.should_exit = True
    await serving
    for end in ends:
        if isinstance(end, Exception):
            raise end


class _WebServer(uvicorn.Server):
    """uvicorn without its signals: they are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _web_server(settings: Settings, app: Any) -> uvicorn.Server:
    return _WebServer(
        uvicorn.Config(
            app,
            lifespan="off",  # entered by us
            log_config=None,
            access_log=settings.log_level == "DEBUG",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            ws="none",
        )
    )


def _told_to_stop() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C; a second signal is not waited for."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(number: signal.Signals) -> None:
        _log.info("%s: stopping", number.name)
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell, number)
    return stop


def _announce(settings: Settings) -> None:
    if settings.role is not Role.api:
        _log.info("charge boxes connect to %s", ocpp_url(settings))
    if settings.role is Role.node:
        _log.info("health at %s/readyz", api_url(settings))
    else:
        _log.info("REST API at %s, its documentation at %s/docs", api_url(settings), api_url(settings))


def ocpp_url(settings: Settings) -> str:
    """The URL that is typed into a charge box, up to its identity."""
    return settings.public_ocpp_url or f"ws://{_address(settings.host)}:{settings.ocpp_port}"


def api_url(settings: Settings) -> str:
    """The URL of the REST API."""
    return f"http://{_address(settings.host)}:{settings.api_port}"


def _address(host: str) -> str:
    """An address to connect to: of all addresses to listen on, the one that others reach this machine at."""
    if host in ("0.0.0.0", "::", ""):
        addresses = [
            each.address
            for all_of_one in psutil.net_if_addrs().values()
            for each in all_of_one
            if each.family == socket.AF_INET
        ]
        return next((address for address in addresses if not address.startswith("127.")), "127.0.0.1")
    return f"[{host}]" if ":" in host else host


def _raise_file_limit() -> None:
    """Each charge box is an open file; the usual limit of 1024 is a soft one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
