"""forecast on the reader's own files, and what it has in common with detect."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import answer, call
from series_files import write_as

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


@pytest.mark.parametrize("name", ["y.tsv", "y.csv.gz", "y.PARQUET", "y.txt"])
def test_forecast_reads_the_same_formats(tmp_path: Path, name: str) -> None:
    write_as(tmp_path / name, weekly(60))
    out = tmp_path / "f.parquet"
    found = answer("forecast", tmp_path / name, "--horizon", "2", "--out", out, home=tmp_path / "h")
    assert found["rows"] == 4
