"""
Settings as options of a command.

A setting is described once, in `csms.settings`: its name, its variable, its default
and its help. Options take any text: what a value must be, the settings themselves
say, in the same sentence whether it came as an option or as a variable.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Annotated, Any

import typer

from csms.settings import Settings

PREFIX = "CSMS_"

STORAGE = ("data_dir", "database_url")
START = (
    *STORAGE,
    "nats_url",
    "host",
    "ocpp_port",
    "api_port",
    "public_ocpp_url",
    "role",
    "node_name",
    "unknown_charge_boxes",
    "journal",
    "log_level",
    "log_json",
)
DEMO = ("data_dir", "host", "ocpp_port", "api_port", "log_level")

SECRET = frozenset({"database_url", "nats_url", "secret_key"})
"""What is not shown: an address may contain a password."""


def takes(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Give a command an option for each of these settings.

    The command is called with what was given as keyword arguments, and is
    otherwise written as if it had none of them.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]

        @wraps(command)
        def wrapped(**given: Any) -> None:
            said = {name: given.pop(name) for name in names}
            command(**given, **{name: value for name, value in said.items() if value is not None})

        parameters = [*own, *(_parameter(name) for name in names)]
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what Typer reads
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapped

    return decorate


def variables(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Every variable with its value, secrets hidden, and its meaning; what the environment sets is marked by a star."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(hidden)" if name in SECRET and value else str(value)
        variable = f"{PREFIX}{name.upper()}"
        is_set = variable in environment or f"{variable}_FILE" in environment
        yield f"{variable}{' *' if is_set else ''}", shown, field.description or ""


def set_by(environment: Mapping[str, str]) -> set[str]:
    """The settings that the environment sets."""
    return {name for name in Settings.model_fields if f"{PREFIX}{name.upper()}" in environment}


def _parameter(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    dashed = name.replace("_", "-")
    if field.annotation is bool:
        kind: Any = bool | None
        option = typer.Option(f"--{dashed}/--no-{dashed}", help=_help(name), show_default=False)
    else:
        kind = str | None
        option = typer.Option(f"--{dashed}", help=_help(name), show_default=False, metavar=_metavar(name))
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _metavar(name: str) -> str:
    last = name.rsplit("_", 1)[-1]
    return {"dir": "PATH", "url": "URL", "host": "ADDRESS", "port": "PORT"}.get(last, "TEXT")


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    is_said = default not in ("", None) and not isinstance(default, bool)
    return f"{field.description} [{PREFIX}{name.upper()}{f'; {default}' if is_said else ''}]"
