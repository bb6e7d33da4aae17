"""detect on the reader's own files."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from command_line import answer, call
from series_files import write_as

START = datetime(2026, 1, 1)


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


def test_detect_names_the_onsets_and_their_threshold(tmp_path: Path) -> None:
    spiky(1500, 1200).write_csv(tmp_path / "cpu.csv")
    found = answer("detect", tmp_path / "cpu.csv", "--out", tmp_path / "out", home=tmp_path / "h")
    assert found["threshold"] == 0.5
    (one,) = found["files"]
    onset = one["anomalies"][-1]
    assert onset["timestamp"] == "2026-01-05 04:00:00"
    assert onset["value"] > 100
    assert 0.5 <= onset["score"] <= 1
    assert one["notes"] == []
    scored = pl.read_csv(one["out"])
    assert scored.filter(pl.col("anomaly_score") >= 0.5).height == len(one["anomalies"])


BAD = {
    "empty.csv": ("", "can't be read as CSV"),
    "header.csv": ("timestamp,value\n", "has no rows"),
    "twice.csv": ("timestamp,value,value\n1,2,3\n", "more than one column value"),
    "columns.csv": ("time,value\n1,2\n", "lacks the column timestamp"),
    "text.csv": ("timestamp,value\n2026-01-01 00:00:00,high\n", "line 2 is 'high'"),
    "nothing.csv": ("timestamp,value\n2026-01-01 00:00:00,\n", "no row has a value"),
    "dates.csv": ("timestamp,value\nsoon,1\nlater,2\n", "line 2 is 'soon'"),
    "ragged.csv": (
        "timestamp,value\n2026-01-01 00:00:00,1,2,3\n",
        "line 2 has 4 values, the header 2 names",
    ),
    "zones.csv": (
        "timestamp,value\n2026-01-01T00:00:00Z,1\n2026-01-01T00:05:00,2\n",
        "in line 3 '2026-01-01T00:05:00', without",
    ),
}


def test_detect_goes_on_after_every_kind_of_bad_file_and_says_what_is_wrong(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, (text, _) in BAD.items():
        (source / name).write_text(text)
    (source / "noise.csv").write_bytes(bytes(range(256)) * 9)
    spiky(400, 300).write_csv(source / "good.csv")
    spiky(2, 0).write_csv(source / "two.csv")
    outcome = call("detect", source, "--out", out, "--json")
    assert outcome.code == 1
    found = {Path(one["file"]).name: one for one in outcome.json["files"]}
    assert len(found) == len(BAD) + 3
    for name, (_, says) in BAD.items():
        assert found[name]["status"] == "rejected"
        assert says in found[name]["reason"]
        assert name in found[name]["reason"]
        assert not (out / name).exists()
    assert found["noise.csv"]["status"] == "rejected"
    assert found["good.csv"]["status"] == "scored"
    assert found["two.csv"]["status"] == "unscored"
    assert "2 known values" in found["two.csv"]["reason"]
    assert pl.read_csv(out / "two.csv")["anomaly_score"].to_list() == [0, 0]


def test_detect_scores_a_file_with_a_few_bad_rows_and_says_which(tmp_path: Path) -> None:
    rows = spiky(1500, 1200).with_columns(pl.col("value").cast(pl.String), host=pl.lit("web-1"))
    lines = rows.write_csv().splitlines()
    lines[500] = lines[500].replace(lines[500].split(",")[1], "broken")
    lines[600] = "2026-01-0," + lines[600].split(",", 1)[1]
    (tmp_path / "cpu.csv").write_text("\n".join(lines) + "\n")
    found = answer("detect", tmp_path / "cpu.csv", "--out", tmp_path / "out", home=tmp_path / "h")
    notes = found["files"][0]["notes"]
    assert notes[0].startswith("timestamp in line 601 is '2026-01-0', expected a date or time")
    assert notes[1] == "value in line 501 is 'broken', expected a number."
    out = pl.read_csv(tmp_path / "out" / "cpu.csv", infer_schema=False)
    assert out.drop("anomaly_score").equals(pl.read_csv(tmp_path / "cpu.csv", infer_schema=False))
    assert found["files"][0]["anomalies"][-1]["timestamp"] == "2026-01-05 04:00:00"


def test_detect_keeps_real_time_across_a_change_of_the_clock(tmp_path: Path) -> None:
    begin = datetime(2026, 10, 22)
    plain = spiky(1500, 1200)
    change = datetime(2026, 10, 25, 1)  # in UTC, when Berlin goes from +02:00 to +01:00
    texts: list[str] = []
    for row in range(1500):
        utc = begin + timedelta(minutes=5 * row)
        hours = 2 if utc < change else 1
        texts.append(f"{utc + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}+0{hours}:00")
    plain.with_columns(timestamp=pl.Series(texts)).write_csv(tmp_path / "berlin.csv")
    plain.write_csv(tmp_path / "plain.csv")
    for name in ("berlin", "plain"):
        found = answer("detect", tmp_path / f"{name}.csv", "--out", tmp_path / "o",
                       home=tmp_path / "h")  # fmt: skip
        assert found["files"][0]["notes"] == []
    scores = [pl.read_csv(tmp_path / "o" / f"{name}.csv")["anomaly_score"]
              for name in ("berlin", "plain")]  # fmt: skip
    assert scores[0].equals(scores[1])


def test_detect_reads_days_before_months_where_only_so_the_steps_are_even(tmp_path: Path) -> None:
    plain = spiky(1500, 1200)
    times = plain["timestamp"].str.to_datetime() + timedelta(days=2)
    plain.with_columns(timestamp=times.dt.strftime("%d/%m/%Y %H:%M")).write_csv(tmp_path / "d.csv")
    found = answer("detect", tmp_path / "d.csv", "--out", tmp_path / "out", home=tmp_path / "h")
    assert found["files"][0]["notes"] == ["timestamp such as 03/01/2026 00:00 is day/month/year."]


def test_detect_writes_each_file_in_the_format_that_it_has(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    names = ["a.csv", "b.CSV", "c.csv.gz", "d.tsv", "e.parquet", "f.tsv.gz"]
    frame = spiky(1500, 1200)
    for name in names:
        write_as(source / name, frame)
    (source / "README.md").write_text("what it is")
    found = answer("detect", source, "--out", out, home=tmp_path / "h")
    assert [Path(one["out"]).name for one in found["files"]] == names
    assert [Path(one).name for one in found["skipped"]] == ["README.md"]
    assert "Skipped: README.md" in call("detect", source, "--out", out).stdout
    expected = pl.read_csv(out / "a.csv")
    assert (out / "c.csv.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert pl.read_parquet(out / "e.parquet").equals(expected)
    for name in ("b.CSV", "c.csv.gz"):
        assert pl.read_csv(out / name).equals(expected)
    for name in ("d.tsv", "f.tsv.gz"):
        assert pl.read_csv(out / name, separator="\t").equals(expected)


def test_detect_reads_times_with_a_zone_from_parquet_and_names_rows(tmp_path: Path) -> None:
    plain = spiky(1500, 1200)
    times = plain["timestamp"].str.to_datetime().dt.replace_time_zone("Europe/Berlin")
    zoned = plain.with_columns(timestamp=times)
    zoned[5, "timestamp"] = None
    zoned.write_parquet(tmp_path / "z.parquet")
    found = answer("detect", tmp_path / "z.parquet", "--out", tmp_path / "out", home=tmp_path / "h")
    assert found["files"][0]["notes"][0].startswith("timestamp in row 6 is empty, expected a date")
    assert pl.read_parquet(found["files"][0]["out"])["timestamp"].equals(zoned["timestamp"])
    assert found["files"][0]["anomalies"][-1]["timestamp"] == "2026-01-05T03:00:00Z"


def test_detect_refuses_to_write_over_what_it_reads(tmp_path: Path) -> None:
    file = tmp_path / "cpu.csv"
    spiky(400, 300).write_csv(file)
    before = file.read_bytes()
    for path in (tmp_path, file):
        outcome = call("detect", path, "--out", tmp_path, "--json")
        assert outcome.code == 2
        assert "would overwrite" in outcome.json["error"]["message"]
    assert file.read_bytes() == before
    outcome = call("detect", file, "--out", file, "--json")
    assert outcome.code == 2
    assert "which is a file" in outcome.json["error"]["message"]


def test_detect_into_its_own_folder_scores_no_scores_when_called_again(tmp_path: Path) -> None:
    spiky(400, 300).write_csv(tmp_path / "cpu.csv")
    for _ in range(2):
        found = answer("detect", tmp_path, "--out", tmp_path / "scores", home=tmp_path / "h")
        assert [Path(one["file"]).name for one in found["files"]] == ["cpu.csv"]
    assert not (tmp_path / "scores" / "scores").exists()


def test_detect_of_one_bad_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("timestamp,value\n2026-01-01 00:00:00,high\n")
    outcome = call("detect", tmp_path / "bad.csv", "--out", tmp_path / "out", "--json")
    assert outcome.code == 2
    assert "line 2 is 'high'" in outcome.json["error"]["message"]


def test_detect_of_a_folder_without_files_is_bad_input(tmp_path: Path) -> None:
    assert call("detect", tmp_path, "--out", tmp_path / "out", "--json").code == 2
    (tmp_path / "cpu.xlsx").write_text("not a table")
    outcome = call("detect", tmp_path, "--out", tmp_path / "out", "--json")
    assert outcome.code == 2
    assert "Found: cpu.xlsx" in outcome.json["error"]["message"]
