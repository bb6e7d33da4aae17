"""Replaying checks and sizing rules from the command line."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import answer, call


def test_checks_are_replayed_day_by_day(demo_home: Path) -> None:
    found = answer("replay", "checks", "--days", "8", "--every", "4", home=demo_home)
    assert (found["days"], found["every"]) == (8, 4)
    assert {row["outcome"] for row in found["findings"]} <= {
        "held", "made", "broken", "unknown", "new",
    }  # fmt: skip
    idle = next(row for row in found["checks"] if row["check"] == "idle_instance")
    assert idle["said"] == sum(idle[name] for name in ("held", "made", "broken", "unknown", "new"))
    assert float(idle["saved_high"]) > 0
    assert isinstance(idle["saved_high"], str)
    only = answer(
        "replay", "checks", "--days", "4", "--every", "4", "--check", "gp2_volume", home=demo_home
    )
    assert {row["check"] for row in only["findings"]} == {"gp2_volume"}


def test_what_would_have_been_wrong_is_said_in_words(demo_home: Path) -> None:
    shown = call("replay", "checks", "--days", "4", "--every", "4", home=demo_home)
    assert shown.code == 0, shown.stderr
    assert "findings that can be judged" in shown.stdout
    assert "replaying 4 days" in shown.stderr


def test_an_unknown_check_is_bad_input(demo_home: Path) -> None:
    outcome = call("replay", "checks", "--check", "idle_machine", home=demo_home)
    assert outcome.code == 2
    assert "No check is named 'idle_machine'" in outcome.stderr


def usage(file: Path, days: int = 20, machines: int = 6, minutes: int = 60) -> Path:
    """CPU of machines that differ: percent, five-minute maxima above the means."""
    steps = days * 1440 // minutes
    random = np.random.default_rng(1)
    frame = pl.concat([
        pl.DataFrame({
            "vm_id": f"vm-{number}",
            "ts": [datetime(2026, 1, 1) + timedelta(minutes=minutes * k) for k in range(steps)],
            "cpu_avg": random.uniform(1, 5 + 5 * number, steps),
        })
        for number in range(machines)
    ]).with_columns(cpu_max=pl.col("cpu_avg") * 1.5)  # fmt: skip
    frame.write_csv(file) if file.suffix == ".csv" else frame.write_parquet(file)
    return file


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_sizing_rules_are_replayed_on_a_file(tmp_path: Path, ending: str) -> None:
    file = usage(tmp_path / f"usage.{ending}")
    found = answer("replay", "rightsizing", "--usage", file, home=tmp_path)
    assert (found["machines"], found["left_out"], found["days"]) == (6, 0, 20.0)
    rules = {row["rule"]: row for row in found["rules"]}
    assert {"balanced", "safe", "saves_30", "compute_optimizer", "krr"} <= rules.keys()
    assert rules["safe"]["savings"] < rules["krr"]["savings"]


def test_a_machine_with_a_bad_step_is_left_out_by_name_and_stops_nobody(tmp_path: Path) -> None:
    file = usage(tmp_path / "usage.parquet")
    frame = pl.read_parquet(file)
    first = pl.int_range(pl.len()).over("vm_id") == 0
    bad = {"vm-1": float("nan"), "vm-2": float("inf"), "vm-3": -5.0, "vm-4": None}
    high = pl.col("cpu_max")
    for machine, value in bad.items():
        high = pl.when(first & (pl.col("vm_id") == machine)).then(value).otherwise(high)
    frame.with_columns(high.alias("cpu_max")).filter(
        ~(first & (pl.col("vm_id") == "vm-5"))
    ).write_parquet(file)
    found = answer("replay", "rightsizing", "--usage", file, home=tmp_path)
    assert (found["machines"], found["left_out"]) == (1, 5)
    assert {row["vm_id"]: row["reason"] for row in found["why_left_out"]} == {
        "vm-1": "CPU is unknown in 1 of 480 steps",
        "vm-2": "CPU is infinite in 1 of 480 steps",
        "vm-3": "CPU is below zero in 1 of 480 steps",
        "vm-4": "CPU is unknown in 1 of 480 steps",
        "vm-5": "CPU is unknown in 1 of 480 steps",
    }
    assert all(0 <= row["savings"] <= 99 for row in found["rules"])
    shown = call("replay", "rightsizing", "--usage", file, home=tmp_path)
    assert "vm-2 is left out: CPU is infinite" in shown.stdout


def test_sizing_rules_are_replayed_on_what_was_measured(demo_home: Path) -> None:
    found = answer("replay", "rightsizing", home=demo_home)
    assert found["machines"] > 5
    assert found["days"] == 32
    assert found["snapshot"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n", "has no column vm_id, ts, cpu_avg, cpu_max; found a, b"),
        ("vm_id,ts,cpu_avg,cpu_max\nx,one,1,2\n", "expected times in ts, at least two"),
        ("vm_id,ts,cpu_avg,cpu_max\nx,2026-01-01,1,2\nx,2026-01-03,1,2\n", "more than an hour"),
        (
            "vm_id,ts,cpu_avg,cpu_max\nx,2026-01-01 00:00,1,2\nx,2026-01-01 01:00,1,much\n",
            "no machine measured in each of 2 steps; x: CPU is unknown in 1 of 2 steps",
        ),
    ],
    ids=["other columns", "no times", "days", "words"],
)
def test_a_file_of_something_else_is_bad_input(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(content)
    outcome = call("replay", "rightsizing", "--usage", tmp_path / "usage.csv", home=tmp_path)
    assert outcome.code == 2
    assert told in outcome.stderr


def test_too_short_a_file_says_what_is_needed(tmp_path: Path) -> None:
    file = usage(tmp_path / "usage.csv", days=10)
    outcome = call("replay", "rightsizing", "--usage", file, home=tmp_path)
    assert outcome.code == 2
    assert "found 10.0 days of measurements, expected at least 17" in outcome.stderr
