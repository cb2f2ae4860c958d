"""
The command line.

What is wrong with a setting is one sentence on stderr that names its variable, and
exit code 2; what is wrong otherwise, but expected, is one sentence and exit code 1.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from csms import demo, logs
from csms.cli import options
from csms.cli.serve import database_of, serve, with_free_ports
from csms.domain.roles import ApiRole
from csms.errors import ConfigurationError, CsmsError, Invalid
from csms.settings import Settings
from csms.store import api_keys, installation
from csms.store.database import Database
from csms.store.migrate import migrate

Result = TypeVar("Result")

_MANUAL = """
A central system for charge boxes that speak OCPP 1.6J, with a REST API.

Charge boxes hold a WebSocket to it (port 9000); programs see and move them through the REST API (port 8000).
Everything is kept in PostgreSQL: in one that it brings along, or in one of your own.

\b
FIRST STEPS
  csms demo                              see it work, with simulated charge boxes
  csms serve                             run it; data goes to ./data
  csms keys create me --role admin       make a key for the REST API (prints it once)
  http://localhost:8000/docs             read and try the REST API

\b
CONNECT A CHARGE BOX
  Create it with POST /v2/chargeboxes: the answer holds its password and the URL
  to type into it, like ws://HOST:9000/IDENTITY. Or let unknown ones register:
  csms serve --unknown-charge-boxes register

\b
RUN IT FOR GOOD
  csms serve --data-dir /var/lib/csms
  csms serve --database-url postgresql://csms:secret@db/csms
  csms serve --role node --nats-url nats://nats:4222 --database-url postgresql://...
  SIGTERM or Ctrl-C ends it cleanly: what is in flight is answered and committed.

\b
SETTINGS
  Every setting is a variable CSMS_...; the usual ones are options too, and an
  option wins. A secret may come from a file: CSMS_DATABASE_URL_FILE=/run/secrets/url.
  csms settings                          list all variables, what they are and mean

\b
EXIT CODES
  0  ended as told        1  could not do it        2  a setting or an option is wrong
"""

app = typer.Typer(
    help=_MANUAL,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
keys = typer.Typer(help="Make, list and revoke keys of the REST API.\n\nThis works while the server runs, too.")
app.add_typer(keys, name="keys")


@app.callback(invoke_without_command=True)
def _without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@keys.callback(invoke_without_command=True)
def _keys_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("serve")
@options.takes(*options.START)
def _serve(**given: Any) -> None:
    """
    Run the central system until SIGTERM or Ctrl-C.

    Migrations are applied at start. In brackets: the variable of each option, and its default. There are more
    variables than options: see csms settings.
    """
    settings = Settings.read(**given)
    logs.setup(settings.log_level, settings.log_json)
    serve(settings, _make_app)


@app.command("demo")
@options.takes(*options.DEMO)
def _demo(**given: Any) -> None:
    """
    Show it at work, with simulated charge boxes.

    The data is the demo's own, in ./data/demo where --data-dir says nothing else; never that of CSMS_DATABASE_URL. It
    listens on 127.0.0.1 alone, and takes another port where a usual one is in use.
    """
    settings = with_free_ports(demo.settings(given), said={*given, *options.set_by(os.environ)})
    logs.setup(settings.log_level, settings.log_json)
    demo.say(f"Starting the database in {settings.data_dir} ...")
    serve(settings, _make_app, beside=demo.play)


@app.command("migrate")
@options.takes(*options.STORAGE)
def _migrate(**given: Any) -> None:
    """
    Bring the database to what this version needs.

    csms serve does so by itself; this is for those who want it done before.
    """
    settings = Settings.read(**given)
    logs.setup("WARNING", settings.log_json)
    with database_of(settings) as url:
        asyncio.run(migrate(url))
    typer.echo("The database is up to date.")


@app.command("settings")
def _settings() -> None:
    """
    List every variable.

    What it is now and what it means; a star marks those that the environment sets.
    """
    for variable, value, meaning in options.variables(Settings.read(), os.environ):
        typer.echo(f"{variable:<36} {value:<12} {meaning}")


_Name = Annotated[str, typer.Argument(help="what the key is for; events show it as their actor")]


@keys.command("create")
@options.takes(*options.STORAGE)
def _create(
    name: _Name,
    role: Annotated[ApiRole, typer.Option(help="what its holder may do; each role includes those before it")],
    **given: Any,
) -> None:
    """Make a key and print it, alone, on stdout. It is shown this once; only its hash is kept."""
    if not name.strip():
        raise Invalid("NAME", "an API key needs a name")

    async def create(database: Database, secret_key: bytes) -> str:
        return await api_keys.create(database, name.strip(), role, secret_key)

    typer.echo(_with_database(given, create))


@keys.command("list")
@options.takes(*options.STORAGE)
def _list(**given: Any) -> None:
    """List the keys: name, role, when made, when revoked."""

    async def fetch(database: Database, secret_key: bytes) -> list[str]:
        del secret_key
        return [
            f"{key.name:<24} {key.role:<9} {key.created_at:%Y-%m-%d %H:%M}  "
            + (f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "live")
            for key in await api_keys.list(database)
        ]

    for line in _with_database(given, fetch):
        typer.echo(line)


@keys.command("revoke")
@options.takes(*options.STORAGE)
def _revoke(name: _Name, **given: Any) -> None:
    """End a key; within seconds it opens nothing any more."""

    async def revoke(database: Database, secret_key: bytes) -> None:
        del secret_key
        await api_keys.revoke(database, name)

    _with_database(given, revoke)


def _with_database(given: dict[str, Any], work: Callable[[Database, bytes], Coroutine[Any, Any, Result]]) -> Result:
    """Do something with the migrated database, whether a server runs on it or not."""
    settings = Settings.read(**given)
    logs.setup("WARNING", settings.log_json)

    async def run(url: str) -> Result:
        await migrate(url)
        database = Database(url, pool_size=1)
        try:
            return await work(database, await installation.secret_key(database, settings.secret_key))
        finally:
            await database.close()

    with database_of(settings) as url:
        return asyncio.run(run(url))


def _make_app(settings: Settings, database: Database) -> Any:
    from api.app import create_app  # here alone does the central system know its facade

    return create_app(settings, database)


def main() -> None:
    """Run the command line of this process."""
    # Ends cleanly also while the database starts, when no loop runs yet that could be told.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except (ConfigurationError, Invalid) as error:
        code = _complain(error, 2)
    except CsmsError as error:
        code = _complain(error, 1)
    except typer.TyperException as error:
        code = _complain(error.format_message().replace("Value error, ", ""), 2)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(error: object, code: int) -> int:
    print(" ".join(str(error).split()), file=sys.stderr)
    return code
