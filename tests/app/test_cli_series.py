"""forecast and detect on the reader's own files."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
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


@pytest.mark.parametrize("command", ["forecast", "detect"])
def test_a_full_disk_is_told(tmp_path: Path, command: str) -> None:
    weekly(120).write_csv(tmp_path / "y.csv")
    rows = "".join(f"{START + timedelta(hours=n)},{n % 24}\n" for n in range(300))
    (tmp_path / "cpu.csv").write_text(f"timestamp,value\n{rows}")
    full = tmp_path / "out" / ("cpu.csv" if command == "detect" else "full.parquet")
    full.parent.mkdir()
    full.symlink_to("/dev/full")
    given = {
        "forecast": ("forecast", tmp_path / "y.csv", "--horizon", "7", "--out", full),
        "detect": ("detect", tmp_path / "cpu.csv", "--out", full.parent),
    }
    outcome = call(*given[command], "--json")
    assert outcome.code == 1
    assert f"{full} was not written, since its disk is full" in outcome.json["error"]["message"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unique_id,ds\na,2026-01-01\n", "lacks the column y"),
        ("unique_id,ds,y\n", "no rows"),
        ("unique_id,ds,y\na,2026-01-01,1\na,2026-01-02,lots\n", "y in line 3 is 'lots'"),
        ("unique_id,ds,y\na,soon,1\n", "ds in line 2 is 'soon'"),
        ("unique_id,ds,y\na,,1\n", "ds in line 2 is empty"),
        ("unique_id,ds,y,y\na,2026-01-01,1,2\n", "more than one column y"),
    ],
)
def test_forecast_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "y.csv"
    file.write_text(text)
    outcome = call("forecast", file, "--horizon", "7", "--out", tmp_path / "f.parquet", "--json")
    assert outcome.code == 2
    assert says in outcome.json["error"]["message"]
    assert str(file) in outcome.json["error"]["message"]


@pytest.mark.parametrize("command", ["forecast", "detect"])
@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"unique_id;ds;y\na;2026-01-01;1,5\n", "separated by semicolons; expected commas"),
        (b"unique_id\tds\ty\na\t2026-01-01\t1\n", "separated by tabs; expected commas"),
        ("unique_id,ds,y\na,2026-01-01,1\n".encode("utf-16"), "it is UTF-16 or no text at all"),
        ("unique_id,ds,y\na,2026-01-01,1\n".encode("utf-16-le"), "it is UTF-16 or no text"),
        (b"unique_id,ds,y\ra,2026-01-01,1\r", "its lines end in CR alone"),
        (b'[{"unique_id": "a", "ds": "2026-01-01", "y": 1}]', "it is JSON; save its rows as CSV"),
        (b'{\n  "rows": [{"unique_id": "a"}]\n}', "it is JSON; save its rows as CSV"),
        (b"PK\x03\x04\x14", "it is a spreadsheet or an archive"),
        (b"PAR1\x15", "it is Parquet; name it .parquet"),
    ],
)
def test_what_is_another_format_is_named(
    tmp_path: Path, command: str, written: bytes, says: str
) -> None:
    (tmp_path / "y.csv").write_bytes(written)
    given = {"forecast": ("--horizon", "7", "--out", tmp_path / "f.parquet"),
             "detect": ("--out", tmp_path / "out")}  # fmt: skip
    outcome = call(command, tmp_path / "y.csv", *given[command], "--json")
    assert outcome.code == 2
    message = outcome.json["error"]["message"]
    assert message.startswith(f"{tmp_path / 'y.csv'} can't be read as CSV: ")
    assert says in message


def test_lines_without_anything_are_no_rows(tmp_path: Path) -> None:
    lines = weekly(120).with_columns(pl.col("ds").dt.date()).write_csv().splitlines()
    (tmp_path / "y.csv").write_text("\n".join([*lines[:50], "", ",,", *lines[50:], "", "", ""]))
    out = tmp_path / "f.parquet"
    found = answer("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out,
                   home=tmp_path / "h")  # fmt: skip
    assert found["series"] == 2
    assert found["refused"] == []
    (tmp_path / "y.csv").write_text("unique_id,ds,y\n\n\n")
    outcome = call("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 2
    assert "has no rows" in outcome.json["error"]["message"]


def test_forecast_of_counted_steps_goes_on_counting(tmp_path: Path) -> None:
    frame = weekly(120).with_columns(ds=pl.int_range(pl.len()).over("unique_id"))
    frame.write_csv(tmp_path / "y.csv")
    out = tmp_path / "f.parquet"
    answer("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out, home=tmp_path / "h")
    found = pl.read_parquet(out)
    assert found.filter(unique_id="a")["ds"].to_list() == [120, 121, 122]


@pytest.mark.parametrize(
    ("text", "step", "first"),
    [("%Y%m%d", "1d", datetime(2022, 3, 2)), ("%Y%m", "1mo", datetime(2027, 1, 1)),
     ("%m/%d/%Y", "1mo", datetime(2027, 1, 1))],
)  # fmt: skip
def test_forecast_goes_on_in_dates_however_they_are_written(
    tmp_path: Path, text: str, step: str, first: datetime
) -> None:
    stamps = pl.datetime_range(
        datetime(2022, 1, 1), first, step, closed="left", eager=True
    ).dt.strftime(text)
    y = [10.0 + k % 7 for k in range(len(stamps))]
    pl.DataFrame({"unique_id": "a", "ds": stamps, "y": y}).write_csv(tmp_path / "y.csv")
    out = tmp_path / "f.parquet"
    found = answer("forecast", tmp_path / "y.csv", "--horizon", "2", "--out", out,
                   home=tmp_path / "h")  # fmt: skip
    assert pl.read_parquet(out)["ds"][0] == first
    assert pl.read_parquet(out)["reason"][0] is None
    assert found["notes"][0].startswith(f"ds such as {stamps[0]} is ")


def test_a_column_whose_zone_is_an_offset_goes_on_in_its_days(tmp_path: Path) -> None:
    """As pyarrow writes what pandas read with such offsets."""
    midnight = [datetime(2026, 1, 1, 18, 30) + timedelta(days=k) for k in range(90)]
    table = pa.table({"unique_id": ["a"] * 90, "y": [10.0 + k % 7 for k in range(90)],
                      "ds": pa.array(midnight, pa.timestamp("us", "+05:30"))})  # fmt: skip
    pq.write_table(table, tmp_path / "y.parquet")
    out = tmp_path / "f.parquet"
    answer("forecast", tmp_path / "y.parquet", "--horizon", "2", "--out", out, home=tmp_path / "h")
    found = pl.read_parquet(out)
    first = datetime(2026, 4, 1, 18, 30, tzinfo=UTC)
    assert found["ds"].to_list() == [first, first + timedelta(days=1)]
    assert "+05:30" in found["reason"][0]


def test_dates_that_may_be_either_are_bad_input(tmp_path: Path) -> None:
    lines = [f"a,0{k}/01/2026,{k}" for k in range(1, 10)]
    (tmp_path / "y.csv").write_text("\n".join(["unique_id,ds,y", *lines]))
    (tmp_path / "s.csv").write_text("\n".join(["unique_id,timestamp,value", *lines]))
    asked = [("forecast", tmp_path / "y.csv", "--horizon", "7", "--out", tmp_path / "f.parquet"),
             ("detect", tmp_path / "s.csv", "--out", tmp_path / "out")]  # fmt: skip
    for question in asked:
        outcome = call(*question, "--json")
        assert outcome.code == 2
        assert "may be day/month/year or month/day/year" in outcome.json["error"]["message"]
        assert str(question[1]) in outcome.json["error"]["message"]


def test_forecast_writes_the_time_zone_that_it_reads(tmp_path: Path) -> None:
    zoned = weekly(60).with_columns(pl.col("ds").dt.replace_time_zone("Europe/Berlin"))
    zoned.write_parquet(tmp_path / "y.parquet")
    out = tmp_path / "f.parquet"
    answer("forecast", tmp_path / "y.parquet", "--horizon", "40", "--out", out,
           home=tmp_path / "h")  # fmt: skip
    ds = pl.read_parquet(out).filter(unique_id="a")["ds"]
    assert ds.dtype == pl.Datetime("us", "Europe/Berlin")
    assert ds.dt.replace_time_zone(None).to_list() == [
        START + timedelta(days=60 + k) for k in range(40)
    ]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("b,2026-03-01,abc", "y in line 242 is 'abc'; expected a number, or nothing"),
        ("b,2026-03-01,inf", "y in line 242 is 'inf'; expected a number"),
        ("b,2026-03-01,N/A", "y in line 242 is 'N/A'; expected a number"),
        ("b,,1", "ds in line 242 is empty; expected a date or time"),
        ("b,9999-12-31,1", "ds in line 242 is '9999-12-31'; expected a time between the years"),
        ("b,0001-01-01,1", "ds in line 242 is '0001-01-01'; expected a time between the years"),
        ("b,2026-02-30,1", "ds in line 242 is '2026-02-30'; expected a date or time"),
        ("b,soon,1\nb,later,2", "ds in line 242 is 'soon'; expected a date or time such as "
         "2026-11-22 09:00:00, and 1 more such rows"),
        ("b,2026-03-01T00:00:00Z,1", "ds in line 122 is '2026-01-01'; expected a time zone"),
        ("b,2026-05-01,1e200", "y in line 242 is '1e200'; expected a number of at most 1e+150"),
        (",2026-03-01,1\n,2026-03-02,1", "unique_id in line 242 is empty; expected the name"),
    ],
)  # fmt: skip
def test_a_bad_row_refuses_its_series_and_stops_no_other(
    tmp_path: Path, bad: str, says: str
) -> None:
    frame = weekly(120).with_columns(pl.col("ds").dt.strftime("%Y-%m-%d"))
    (tmp_path / "y.csv").write_text(frame.write_csv() + bad + "\n")
    out = tmp_path / "f.parquet"
    outcome = call("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 1
    (refused,) = outcome.json["refused"]
    assert refused["unique_id"] == (None if bad.startswith(",") else "b")
    assert refused["reason"].startswith(says)
    written = pl.read_parquet(out)
    assert written.filter(unique_id="a")["mean"].null_count() == 0
    assert written.filter(unique_id="a").height == 3
    assert written.filter(model="none").height == 1


def test_counted_steps_too_far_to_be_any_refuse_their_series(tmp_path: Path) -> None:
    """Milliseconds since 1970 would be seconds of the year 57971."""
    steps = pl.int_range(pl.len()).over("unique_id") * 86_400
    milliseconds = pl.when(unique_id="b").then(1000).otherwise(1)
    frame = weekly(120).with_columns(ds=(steps + 1_767_225_600) * milliseconds)
    frame.write_csv(tmp_path / "y.csv")
    out = tmp_path / "f.parquet"
    outcome = call("forecast", tmp_path / "y.csv", "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 1
    (refused,) = outcome.json["refused"]
    assert refused["unique_id"] == "b"
    assert refused["reason"].startswith(
        "ds in line 122 is '1767225600000'; expected a counted step or seconds since 1970"
    )
    assert pl.read_parquet(out).filter(unique_id="a").height == 3


def test_a_parquet_row_without_unique_id_is_refused_once(tmp_path: Path) -> None:
    nameless = weekly(120).with_columns(
        unique_id=pl.when(unique_id="a").then(pl.col("unique_id")), ds=pl.col("ds").dt.date()
    )
    nameless.write_parquet(tmp_path / "y.parquet")
    out = tmp_path / "f.parquet"
    outcome = call("forecast", tmp_path / "y.parquet", "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 1
    (refused,) = outcome.json["refused"]
    assert refused["unique_id"] is None
    assert refused["reason"].startswith("unique_id in row 121 is empty")
    assert pl.read_parquet(out)["unique_id"].to_list() == ["a", "a", "a", None]


def test_categories_are_read_as_text_and_lists_are_bad_input(tmp_path: Path) -> None:
    file, out = tmp_path / "y.parquet", tmp_path / "f.parquet"
    frame = weekly(120)
    frame.with_columns(pl.col("unique_id", "y").cast(pl.String).cast(pl.Categorical)).write_parquet(
        file
    )
    found = answer("forecast", file, "--horizon", "3", "--out", out, home=tmp_path / "h")
    assert found["refused"] == []
    frame.with_columns(pl.concat_list("y").alias("y")).write_parquet(file)
    outcome = call("forecast", file, "--horizon", "3", "--out", out, "--json")
    assert outcome.code == 2
    assert f"{file}: y is of type List(Float64)" in outcome.json["error"]["message"]


def test_forecast_refuses_to_write_over_what_it_reads(tmp_path: Path) -> None:
    file, link = tmp_path / "y.parquet", tmp_path / "link.parquet"
    weekly(120).write_parquet(file)
    link.symlink_to(file)
    before = file.read_bytes()
    for out in (file, link, tmp_path / ".." / tmp_path.name / "y.parquet"):
        outcome = call("forecast", file, "--horizon", "3", "--out", out, "--json")
        assert outcome.code == 2
        assert "would overwrite" in outcome.json["error"]["message"]
    assert file.read_bytes() == before


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


def write_as(name: Path, frame: pl.DataFrame) -> None:
    if name.suffix.lower() == ".parquet":
        frame.write_parquet(name)
    else:
        packed = "gzip" if name.suffix == ".gz" else "uncompressed"
        tab = "\t" if ".tsv" in name.name else ","
        frame.write_csv(name, compression=packed, separator=tab, check_extension=False)


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


@pytest.mark.parametrize("name", ["y.tsv", "y.csv.gz", "y.PARQUET", "y.txt"])
def test_forecast_reads_the_same_formats(tmp_path: Path, name: str) -> None:
    write_as(tmp_path / name, weekly(60))
    out = tmp_path / "f.parquet"
    found = answer("forecast", tmp_path / name, "--horizon", "2", "--out", out, home=tmp_path / "h")
    assert found["rows"] == 4


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
