"""Who may import whom: the contracts of pyproject.toml, held by import-linter."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_import_keeps_the_contracts() -> None:
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = linter.stdout + linter.stderr
    assert linter.returncode == 0, said
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", said)
    assert kept is not None, said
    assert int(kept[1]) > 0, said


def test_the_contracts_see_every_package_of_the_wheel() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert {"csms", "api", "simulators"} <= set(tools["importlinter"]["root_packages"])
