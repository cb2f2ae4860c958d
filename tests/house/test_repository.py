"""What holds for every file of the repository, whoever writes it."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\w|\b[A-Z]:\\\\?Users\b")
REGISTRY_HOST = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|docker\.io|ghcr\.io|quay\.io|gcr\.io|registry\.npmjs\.org)|--(?:extra-)?index-url"
)
DEPENDENCY = re.compile(r'^ +".+",? +# \S.+$')


@cache
def _files() -> dict[str, str]:
    """Every text file that is in the repository or about to be, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts: dict[str, str] = {}
    for name in filter(None, listed.stdout.split("\0")):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # an image; a file deleted and not yet committed
            continue
    return texts


def _lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in _files().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_the_files_of_the_repository_are_seen() -> None:
    assert {"pyproject.toml", "Makefile", "csms/__init__.py", "tests/house/test_repository.py"} <= set(_files())


def test_no_file_names_a_path_of_one_machine() -> None:
    assert _lines_that_match(MACHINE_PATH) == []


def test_a_path_of_one_machine_is_recognised() -> None:
    assert MACHINE_PATH.search("cd " + "/".join(["", "home", "me", "csms"]))
    assert not MACHINE_PATH.search("https://example.com/home/me and /v2/chargeboxes")


def test_no_file_names_a_package_registry() -> None:
    assert _lines_that_match(REGISTRY_HOST) == []


def test_a_package_registry_is_recognised() -> None:
    assert REGISTRY_HOST.search("https://files." + "pythonhosted." + "org/packages")
    assert not REGISTRY_HOST.search("from python:3.13-slim")


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    lines = {name: [line for line in text.splitlines() if f'"{name}"' in line] for name in declared}
    assert {name: found for name, found in lines.items() if len(found) != 1 or not DEPENDENCY.match(found[0])} == {}


def test_every_target_of_the_makefile_is_one_line() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    [phony] = [line for line in lines if line.startswith(".PHONY:")]
    targets = phony.removeprefix(".PHONY:").split()
    assert {"demo", "test", "check", "run", "bench"} <= set(targets)
    for target in targets:
        [at] = [number for number, line in enumerate(lines) if line.startswith(f"{target}:")]
        assert " ; " in lines[at], f"{target} has its recipe on the same line"
        assert not lines[at].endswith("\\"), f"{target} goes on"
        assert not lines[at + 1].startswith("\t"), f"{target} goes on"


def test_every_module_says_what_stands_there() -> None:
    modules = {
        name: text
        for name, text in _files().items()
        if name.endswith(".py") and name.split("/")[0] in {"csms", "api", "simulators"}
    }
    silent = [name for name, text in modules.items() if ast.get_docstring(ast.parse(text)) is None]
    assert modules != {}
    assert [name for name in silent if not (name.endswith("__init__.py") and modules[name] == "")] == []


def test_the_command_line_explains_itself() -> None:
    manual = subprocess.run(
        [sys.executable, "-m", "csms", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert manual.returncode == 0, manual.stderr
    assert [command for command in ("serve", "demo", "migrate", "keys") if command not in manual.stdout] == []
