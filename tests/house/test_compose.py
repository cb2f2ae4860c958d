"""
The container files without a container engine.

Compose and Dockerfile are read as data. The Compose Specification's schema says
whether they are well formed; the settings, the command line and the REST API say
whether every variable, option, port and path that they name exists.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from csms.settings import Role, Settings

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE_TEXT = (ROOT / "Dockerfile").read_text()
NODES = ("csms", "node2")


def _interpolated(value: Any) -> Any:
    """Replace `${NAME:-default}` by the default: the file as it is without any variable set."""
    match value:
        case str():
            return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)
        case dict():
            return {key: _interpolated(each) for key, each in value.items()}
        case list():
            return [_interpolated(each) for each in value]
        case _:
            return value


def _instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Read a Dockerfile as (instruction, rest) with continued lines joined and comments gone."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


COMPOSE: dict[str, Any] = _interpolated(YAML(typ="safe", pure=True).load(COMPOSE_TEXT))
SERVICES: dict[str, Any] = COMPOSE["services"]
INSTRUCTIONS = _instructions(DOCKERFILE_TEXT)
RUNTIME = INSTRUCTIONS[max(at for at, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]
IMAGE_ENVIRONMENT = dict(pair.split("=", 1) for word, rest in RUNTIME if word == "ENV" for pair in rest.split())
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _settings(node: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that a process of this service comes up with."""
    for name in [name for name in os.environ if name.startswith("CSMS_")]:
        monkeypatch.delenv(name)
    for name, value in (IMAGE_ENVIRONMENT | SERVICES[node]["environment"]).items():
        if name.startswith("CSMS_"):
            monkeypatch.setenv(name, value)
    return Settings.read(**_options(node))


def _options(node: str) -> dict[str, str]:
    """The options of the service's command, `["serve", "--role", "all"]` as `{"role": "all"}`."""
    words = SERVICES[node]["command"][1:]
    return {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }


def _published(node: str) -> dict[int, int]:
    """Host port → container port."""
    return {int(host): int(container) for host, container in (each.split(":") for each in SERVICES[node]["ports"])}


def _is_get(decorator: ast.Call) -> bool:
    """Whether this is `@router.get("/path", …)`."""
    return isinstance(decorator.func, ast.Attribute) and decorator.func.attr == "get" and bool(decorator.args)


def _compose_schema() -> Any:
    vendored = resources.files("check_jsonschema.builtin_schemas.vendor").joinpath("compose-spec.json")
    return jsonschema_rs.validator_for(json.loads(vendored.read_text(encoding="utf-8")))


def test_the_file_follows_the_compose_specification() -> None:
    errors = [f"{error.instance_path}: {error.message}" for error in _compose_schema().iter_errors(COMPOSE)]
    assert errors == []


def test_the_compose_specification_refuses_a_word_it_does_not_have() -> None:
    assert not _compose_schema().is_valid({"services": {"csms": {"imaeg": "csms"}}})


def test_the_services_are_a_database_a_broker_and_two_nodes() -> None:
    assert set(SERVICES) == {"postgres", "nats", *NODES}


@pytest.mark.parametrize("text", [COMPOSE_TEXT, DOCKERFILE_TEXT], ids=["compose", "Dockerfile"])
def test_every_variable_of_ours_is_a_setting(text: str) -> None:
    named = {name.removeprefix("CSMS_").lower() for name in re.findall(r"\bCSMS_[A-Z_]+", text)}
    assert named != set()
    assert named <= set(Settings.model_fields)


def test_one_node_does_everything_and_the_other_holds_charge_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [_settings(node, monkeypatch).role for node in NODES] == [Role.all, Role.node]


def test_the_nodes_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({_settings(node, monkeypatch).name for node in NODES}) == len(NODES)


@pytest.mark.parametrize("node", NODES)
def test_a_node_listens_beyond_its_container(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _settings(node, monkeypatch).host == "0.0.0.0"


@pytest.mark.parametrize("node", NODES)
def test_a_node_reaches_the_database_that_is_made_for_it(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = urlsplit(_settings(node, monkeypatch).database_url)
    made = SERVICES["postgres"]["environment"]
    assert (url.hostname, url.port) == ("postgres", 5432)
    assert (url.username, url.password) == (made["POSTGRES_USER"], made["POSTGRES_PASSWORD"])
    assert url.path == f"/{made['POSTGRES_DB']}"


@pytest.mark.parametrize("node", NODES)
def test_a_node_reaches_the_broker(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = urlsplit(_settings(node, monkeypatch).nats_url)
    assert (url.hostname, url.port) == ("nats", 4222)


@pytest.mark.parametrize("node", NODES)
def test_a_node_publishes_the_ports_that_it_listens_on(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(node, monkeypatch)
    listening = {settings.ocpp_port} if settings.role is Role.node else {settings.ocpp_port, settings.api_port}
    assert set(_published(node).values()) == listening


def test_no_port_of_the_machine_is_published_twice() -> None:
    published = [host for node in NODES for host in _published(node)]
    assert len(published) == len(set(published))


def test_the_image_exposes_the_ports_of_the_settings() -> None:
    exposed = {int(port) for word, rest in RUNTIME if word == "EXPOSE" for port in rest.split()}
    assert exposed == {Settings.model_fields["ocpp_port"].default, Settings.model_fields["api_port"].default}


def test_the_healthcheck_of_the_image_asks_the_api() -> None:
    [check] = [rest for word, rest in RUNTIME if word == "HEALTHCHECK"]
    script = json.loads(check[check.index("CMD") + len("CMD") :])[2]
    assert f"('127.0.0.1', {Settings.model_fields['api_port'].default}," in script
    assert "'GET', '/healthz'" in script
    compile(script, "HEALTHCHECK", "exec")


def test_the_path_of_the_healthcheck_is_a_route_of_the_api() -> None:
    decorators = [
        decorator
        for file in (ROOT / "api").rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in function.decorator_list
    ]
    got = [ast.literal_eval(each.args[0]) for each in decorators if isinstance(each, ast.Call) and _is_get(each)]
    assert "/healthz" in got


def test_the_healthcheck_of_the_second_node_asks_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    program, flag, script = SERVICES["node2"]["healthcheck"]["test"][1:]
    assert (program, flag) == ("python", "-c")
    assert f"('127.0.0.1', {_settings('node2', monkeypatch).ocpp_port})" in script
    compile(script, "healthcheck", "exec")


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_waits_for_can_come_about(service: str) -> None:
    for name, wait in SERVICES[service].get("depends_on", {}).items():
        assert name in SERVICES
        assert wait["condition"] == "service_started" or "healthcheck" in SERVICES[name]


def test_every_volume_is_declared_and_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("node", NODES)
def test_a_node_is_built_from_files_that_exist(node: str) -> None:
    context = ROOT / SERVICES[node]["build"]["context"]
    assert context.resolve() == ROOT
    assert (context / SERVICES[node]["build"]["dockerfile"]).is_file()


def test_every_copied_file_exists_and_is_let_into_the_build() -> None:
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    sources = [
        source
        for word, rest in INSTRUCTIONS
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert set(sources) == allowed
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_package_of_the_wheel_is_copied() -> None:
    copied = {source for word, rest in INSTRUCTIONS if word == "COPY" for source in rest.split()[:-1]}
    packages = {pattern.removesuffix("*") for pattern in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packages | {PYPROJECT["project"]["readme"], "pyproject.toml"} <= copied


def test_what_the_last_stage_takes_comes_from_an_earlier_one() -> None:
    stages = {rest.split(" AS ")[1] for word, rest in INSTRUCTIONS if word == "FROM" and " AS " in rest}
    taken = {match for word, rest in RUNTIME if word == "COPY" for match in re.findall(r"--from=(\S+)", rest)}
    assert taken == stages == {"build"}


def test_both_stages_have_the_same_python_and_the_project_allows_it() -> None:
    bases = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert len(bases) == 2
    [version] = {base.removeprefix("python:").removesuffix("-slim") for base in bases}
    assert version in SpecifierSet(PYPROJECT["project"]["requires-python"])


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for word, rest in RUNTIME if word == "USER"]
    assert users
    assert all(int(number) > 0 for number in users[-1].split(":"))


def test_the_image_starts_the_command_that_the_wheel_installs() -> None:
    [entrypoint] = [json.loads(rest) for word, rest in RUNTIME if word == "ENTRYPOINT"]
    assert entrypoint[0] in PYPROJECT["project"]["scripts"]


def test_every_command_and_option_is_one_of_the_command_line() -> None:
    commands = [SERVICES[node]["command"] for node in NODES]
    commands += [json.loads(rest) for word, rest in RUNTIME if word == "CMD"]
    for command in commands:
        shown = subprocess.run(
            [sys.executable, "-m", "csms", command[0], "--help"],
            capture_output=True,
            text=True,
            env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
        assert [word for word in command if word.startswith("--") and word not in shown.stdout] == []
