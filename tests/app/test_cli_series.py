"""forecast and detect on the reader's own files."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from command_line import answer, call

START = datetime(2026, 1, 1)
COLUMNS = ["unique_id", "ds", "model", "mean", "lo80", "hi80", "lo95", "hi95"]


def weekly(days: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "unique_id": ["a"] * days + ["b"] * days,
            "ds": [START + timedelta(days=day) for day in range(days)] * 2,
            "y": [10.0 + 3 * (day % 7) + day % 3 for day in range(days)]
            + [5.0 + day % 7 for day in range(days)],
        }
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_forecast_writes_intervals_for_every_series(tmp_path: Path, kind: str) -> None:
    file, out = tmp_path / f"y.{kind}", tmp_path / "forecast.parquet"
    frame = weekly(120)
    frame.write_csv(file) if kind == "csv" else frame.write_parquet(file)
    found = answer("forecast", file, "--horizon", "14", "--out", out, home=tmp_path / "home")
    forecast = pl.read_parquet(out)
    assert found["rows"] == forecast.height == 28
    assert set(COLUMNS) <= set(forecast.columns)
    ordered = pl.col("lo95") <= pl.col("lo80"), pl.col("hi80") <= pl.col("hi95")
    assert forecast.select(pl.all_horizontal(*ordered).all()).item()
    assert forecast["ds"].min() == START + timedelta(days=120)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unique_id,ds\na,2026-01-01\n", "lacks the column y"),
        ("unique_id,ds,y\n", "no rows"),
        ("unique_id,ds,y\na,2026-01-01,1\na,2026-01-02,lots\n", "y in line 3 is 'lots'"),
        ("unique_id,ds,y\na,soon,1\n", "ds in line 2 is 'soon'"),
        ("unique_id,ds,y\na,,1\n", "ds in line 2 is empty"),
    ],
)
def test_forecast_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "y.csv"
    file.write_text(text)
    outcome = call("forecast", file, "--horizon", "7", "--out", tmp_path / "f.parquet", "--json")
    assert outcome.code == 2
    assert says in outcome.json["error"]["message"]
    assert str(file) in outcome.json["error"]["message"]


def test_forecast_of_counted_steps_goes_on_counting(tmp_path: Path) -> None:
    frame = weekly(120).with_columns(ds=pl.int_range(pl.len()).over("unique_id"))
    frame.write_csv(tmp_path / "y.csv")
    out = tmp_path / "f.parquet"
    answer("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out, home=tmp_path / "h")
    found = pl.read_parquet(out)
    assert found.filter(unique_id="a")["ds"].to_list() == [120, 121, 122]


def test_forecast_names_each_series_that_is_too_short(tmp_path: Path) -> None:
    short = pl.DataFrame({"unique_id": ["s"], "ds": [START], "y": [1.0]})
    pl.concat([weekly(120), short]).write_parquet(tmp_path / "y.parquet")
    out = tmp_path / "f.parquet"
    outcome = call("forecast", tmp_path / "y.parquet", "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 1
    assert [one["unique_id"] for one in outcome.json["refused"]] == ["s"]
    assert pl.read_parquet(out).filter(unique_id="a").height == 3


def spiky(rows: int, spike: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "timestamp": [
                f"{START + timedelta(minutes=5 * row):%Y-%m-%d %H:%M:%S}" for row in range(rows)
            ],
            "value": [
                50.0 + 5 * math.sin(row / 20) + (row * 7919 % 13) / 10 + 60 * (row == spike)
                for row in range(rows)
            ],
        }
    )


def test_detect_keeps_the_layout_and_scores_from_0_to_1(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "web").mkdir(parents=True)
    spiky(1500, 1200).write_csv(source / "web" / "cpu.csv")
    spiky(1500, 1300).write_csv(source / "disk.csv")
    found = answer("detect", source, "--out", out, home=tmp_path / "home")
    assert [one["status"] for one in found["files"]] == ["scored", "scored"]
    scored = pl.read_csv(out / "web" / "cpu.csv")
    assert scored.columns == ["timestamp", "value", "anomaly_score"]
    assert scored["timestamp"].to_list() == spiky(1500, 1200)["timestamp"].to_list()
    assert scored["anomaly_score"].is_between(0, 1).all()
    assert scored["anomaly_score"][1200] == scored["anomaly_score"].max()


def test_detect_scores_do_not_know_the_future(tmp_path: Path) -> None:
    spiky(1500, 1400).write_csv(tmp_path / "all.csv")
    spiky(1000, 1400).write_csv(tmp_path / "first.csv")
    for name in ("all", "first"):
        answer("detect", tmp_path / f"{name}.csv", "--out", tmp_path / "out", home=tmp_path / "h")
    scores = [pl.read_csv(tmp_path / "out" / f"{name}.csv")["anomaly_score"][:1000]
              for name in ("all", "first")]  # fmt: skip
    assert scores[0].equals(scores[1])


def test_detect_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "bad.csv").write_text("timestamp,value\n2026-01-01 00:00:00,high\n")
    spiky(400, 300).write_csv(source / "good.csv")
    outcome = call("detect", source, "--out", tmp_path / "out", "--json")
    assert outcome.code == 1
    status = {Path(one["file"]).name: one["status"] for one in outcome.json["files"]}
    assert status == {"bad.csv": "rejected", "good.csv": "scored"}


def test_detect_of_a_folder_without_files_is_bad_input(tmp_path: Path) -> None:
    assert call("detect", tmp_path, "--out", tmp_path / "out", "--json").code == 2
