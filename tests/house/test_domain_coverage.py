"""The rules of charging are proven to the last branch by their own tests, not by those that pass through them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_of_the_domain_take_each_of_its_branches(tmp_path: Path) -> None:
    cover = ("--cov=csms.domain", "--cov-branch", "--cov-report=term-missing:skip-covered", "--cov-fail-under=100")
    run = subprocess.run(
        # By the tables alone: properties come upon other branches in every run.
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/domain",
            "-q",
            "-p",
            "no:cacheprovider",
            "-m",
            "not hypothesis",
            *cover,
        ],
        cwd=ROOT,
        env=os.environ | {"COVERAGE_FILE": str(tmp_path / "coverage")},
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
