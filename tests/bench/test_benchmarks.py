"""Each benchmark runs through at its smallest size and prints its figures.

Whether they meet a bound is not asked here, since that depends on the machine: `make bench` tells.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBER = r" +([\d,.]+)"
# The smallest options, and a line that must be printed; the numbers in it are above zero.
CASES = {
    "checks": (["--resources", "20"], rf"^ +20{NUMBER * 5}$"),
    "commitments": (["--families", "2"], rf"^ours costs{NUMBER} of it and takes{NUMBER} of its"),
    "concurrency": (
        ["--seconds", "0.1", "--readers", "1", "--ledger-writers", "1", "--whole-every", "0"],
        rf"^pipeline +0{NUMBER}{NUMBER} +0 +\n(?:.*\n)?reader +0{NUMBER}{NUMBER} +0 ",
    ),
    "detect": (["--streams", "4"], rf"^ours, streams of 4,032 rows{NUMBER * 2}"),
    "exports": (["--rows", "100", "--files", "2", "--runs", "1"], rf"^ +100 +0{NUMBER * 4}$"),
    "forecast": (["--series", "2", "--peer-series", "1"], rf"^statsmodels ETS +1{NUMBER * 3}$"),
    "incidents": (
        ["--seeds", "11", "--resources", "20", "--months", "2", "--series", "20"],
        rf"^ +11{NUMBER * 5} +0.000 .*\n +all .*\ndetection:{NUMBER} series-days a second",
    ),
    "ingest": (["--rows", "1000", "--runs", "1"], rf"^ +1,000 +0{NUMBER * 5}$"),
    "inventory": (["--resources", "20", "--runs", "1"], rf"^ +20{NUMBER * 5}$"),
    "selection": (["--repeats", "1"], rf"^ratio cold to plain DuckDB:{NUMBER}, of CPU{NUMBER}$"),
    # Of a home that is there: to simulate and run even the smallest takes half a minute.
    "waste": (["--home"], rf"precision{NUMBER}, recall{NUMBER}; saving a month"),
}


def test_every_benchmark_has_a_case() -> None:
    assert CASES.keys() == {file.stem for file in (ROOT / "bench").glob("[!_]*.py")}


@pytest.mark.parametrize("name", CASES)
def test_a_benchmark_runs_through_and_prints_its_figures(
    name: str, request: pytest.FixtureRequest
) -> None:
    options, figures = CASES[name]
    if name == "waste":
        options = [*options, str(request.getfixturevalue("demo_home"))]
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, *options],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    told = f"{done.stderr}\n{done.stdout}"
    assert "Traceback" not in told, told
    found = re.search(figures, done.stdout, re.MULTILINE)
    assert found, told
    assert all(float(number.replace(",", "")) > 0 for number in found.groups()), told
