"""
Scenario files: what happens to a charge point, step by step, as TOML.

    description = "A car charges for ten minutes."

    [options]                       # of the charge point, see options.py
    connectors = 1

    [configuration]                 # its configuration keys
    MeterValueSampleInterval = 30

    [[step]]
    plug_in = 1                     # the verb, and what it is done to
    soc_percent = 40                # further arguments of the verb

A step has exactly one verb; the verbs and their arguments are the functions in
steps.py. Everything about a file is checked before it runs, and an error names
the file and the line.
"""

from __future__ import annotations

import difflib
import inspect
import re
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from simulators.charge_point import ChargePoint
from simulators.errors import ScenarioError, ScenarioFailed, SimulatorError
from simulators.options import Options
from simulators.steps import VERBS, Run

FOLDER = Path(__file__).parent / "scenarios"

_STEP = re.compile(r"^[ \t]*\[\[[ \t]*step[ \t]*\]\]", re.MULTILINE)
_TOP = ("description", "options", "configuration", "step")
# What the command line decides cannot be decided in a file.
_OPTIONS = {field.name for field in fields(Options)} - {"configuration", "password", "password_form", "clock_offset"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a verb with its value and arguments, and where it stands."""

    verb: str
    value: Any
    arguments: Mapping[str, Any]
    where: str

    async def take(self, run: Run) -> None:
        """
        Do it.

        Raises:
            ScenarioFailed: it did not go as it should.
        """
        try:
            await VERBS[self.verb](run, self.value, **self.arguments)
        except (SimulatorError, TimeoutError, KeyError) as error:
            raise ScenarioFailed(f"{self.where}: {self.verb}: {error or 'not in time'}") from error


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that has been checked."""

    name: str
    description: str
    steps: tuple[Step, ...]
    options: Mapping[str, Any]
    configuration: Mapping[str, Any]

    async def play(self, charge_point: ChargePoint, tags: list[str]) -> None:
        """
        Take all steps with a charge point that has been started.

        Raises:
            ScenarioFailed: a step did not go as it should.
        """
        run = Run(charge_point, tags)
        for step in self.steps:
            await step.take(run)


def names() -> list[str]:
    """The scenarios that come with the simulators."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name_or_file: str) -> Scenario:
    """
    Read a scenario by its name, or from a file.

    Raises:
        ScenarioError: there is none, or it cannot be understood.
    """
    bundled = FOLDER / f"{name_or_file}.toml"
    path = bundled if name_or_file in names() else Path(name_or_file)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        known = ", ".join(names())
        raise ScenarioError(f"{name_or_file}: no such scenario ({error.strerror}); there are {known}") from None
    return parse(text, path.name)


def parse(text: str, file_name: str) -> Scenario:
    """
    Read a scenario from its text.

    Raises:
        ScenarioError: it cannot be understood; the message begins with file and line.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{file_name}: {error}") from None
    for key in content:
        _known(key, _TOP, file_name)
    options = _table(content, "options", file_name)
    for key, value in options.items():
        _known(key, _OPTIONS, f"{file_name}: [options]")
        _fitting(value, get_type_hints(Options)[key], f"{file_name}: [options]: {key}")
    lines = [text.count("\n", 0, match.start()) + 1 for match in _STEP.finditer(text)]
    steps = content.get("step", [])
    if not isinstance(steps, list) or not steps:
        raise ScenarioError(f"{file_name}: there are no steps; write [[step]]")
    return Scenario(
        name=Path(file_name).stem,
        description=str(content.get("description", "")),
        steps=tuple(
            _step(table, f"{file_name}:{line} (step {number})")
            for number, (table, line) in enumerate(zip(steps, lines, strict=True), start=1)
        ),
        options=options,
        configuration=_table(content, "configuration", file_name),
    )


def _step(table: Any, where: str) -> Step:
    verbs = [key for key in table if key in VERBS]
    if len(verbs) > 1:
        raise ScenarioError(f"{where}: has several verbs: {', '.join(verbs)}")
    if not verbs:
        for key in table:
            _known(key, VERBS, where)
        raise ScenarioError(f"{where}: has no verb; one of {', '.join(VERBS)}")
    verb = verbs[0]
    arguments = {key: value for key, value in table.items() if key != verb}
    _check(VERBS[verb], table[verb], arguments, f"{where}: {verb}")
    return Step(verb, table[verb], arguments, where)


def _check(function: Callable[..., Awaitable[None]], value: Any, arguments: Mapping[str, Any], where: str) -> None:
    """Hold value and arguments against the function that will get them."""
    hints = get_type_hints(function)
    parameters = [name for name in inspect.signature(function).parameters if name != "run"]
    for name in arguments:
        _known(name, parameters[1:], where)
    for name, given in {parameters[0]: value, **arguments}.items():
        _fitting(given, hints[name], f"{where}: {'its value' if name == parameters[0] else name}")


def _fitting(value: Any, hint: Any, what: str) -> None:
    if not _fits(value, hint):
        raise ScenarioError(f"{what} must be {getattr(hint, '__name__', hint)}, not {value!r}")


def _fits(value: Any, hint: Any) -> bool:
    options = getattr(hint, "__args__", None) if not hasattr(hint, "__origin__") else None
    if options:
        return any(_fits(value, option) for option in options)
    kind = getattr(hint, "__origin__", hint)
    if kind is Any:
        return True
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _table(content: Mapping[str, Any], name: str, file_name: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ScenarioError(f"{file_name}: {name} must be a table; write [{name}]")
    return table


def _known(key: str, names: Any, where: str) -> None:
    if key not in names:
        near = difflib.get_close_matches(key, list(names), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(names)) or 'none'}"
        raise ScenarioError(f"{where}: {key!r} is unknown; {hint}")
