"""Any series: step, season, time stamps of all kinds, and series that can't be forecast."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.errors import UnusableSeries
from models.forecast.season import search, step_of, visible
from models.forecast.series import COLUMNS, forecast_series


def one(stamps: list[object] | pl.Series, values: np.ndarray, name: str = "a") -> pl.DataFrame:
    return pl.DataFrame({"unique_id": name, "ds": stamps, "y": values})


def daily(count: int = 120) -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=k) for k in range(count)]


def waves(count: int, season: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, count)
    return 100 + 30 * np.sin(2 * np.pi * np.arange(count) / season) + noise


def test_the_forecast_follows_the_last_time_stamp_of_each_series():
    frame = pl.concat([one(daily(120), waves(120, 7), "a"), one(daily(90), waves(90, 7), "b")])
    out = forecast_series(frame, 5)
    assert tuple(out.columns) == COLUMNS
    assert out.filter(unique_id="a")["ds"].to_list() == daily(125)[-5:]
    assert out.filter(unique_id="b")["ds"].to_list() == daily(95)[-5:]


@pytest.mark.parametrize(
    ("every", "count", "season"),
    [("1h", 400, 24), ("15m", 800, 96), ("1mo", 96, 12), ("1q", 60, 4), ("1d", 120, 7)],
)
def test_step_and_season_are_found(every: str, count: int, season: int):
    stamps = pl.select(
        pl.datetime_range(
            datetime(2001, 1, 1), pl.lit(datetime(2001, 1, 1)).dt.offset_by(f"{count}{every[1:]}")
            if every[0] == "1" else pl.lit(datetime(2001, 1, 1)).dt.offset_by(f"{count * 15}m"),
            every, closed="left",
        )
    ).to_series()  # fmt: skip
    values = waves(len(stamps), season)
    out = forecast_series(one(stamps[:-season], values[:-season]), season)
    assert out["ds"].to_list() == stamps[-season:].to_list()
    assert np.abs(out["mean"].to_numpy() - values[-season:]).mean() < 5


def test_month_ends_stay_month_ends():
    stamps = [date(2024, m, 1) + timedelta(days=31) for m in range(1, 13)]
    ends = pl.Series(stamps).dt.month_start().dt.offset_by("-1d")
    out = forecast_series(one(ends, waves(12, 12)), 3)
    assert out["ds"].to_list() == [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]


@pytest.mark.parametrize(
    ("last", "ahead"),
    [
        (["2026-12-31", "2027-01-31", "2027-02-28"], ["2027-03-31", "2027-04-30"]),
        (["2026-12-30", "2027-01-30", "2027-02-28"], ["2027-03-30", "2027-04-30"]),
        (["2026-12-28", "2027-01-28", "2027-02-28"], ["2027-03-28", "2027-04-28"]),
        (["2026-12-01", "2027-01-01", "2027-02-01"], ["2027-03-01", "2027-04-01"]),
        (["2026-12-03", "2027-01-07", "2027-02-05"], ["2027-03-05", "2027-04-05"]),
    ],
)
def test_the_day_of_the_month_is_that_of_the_series_whatever_stands_beside_it(
    last: list[str], ahead: list[str]
):
    of = [date.fromisoformat(d) for d in last]
    other = [date(2026, m, 1) for m in range(1, 13)]
    for name, frame in (
        ("alone", one(of, waves(3, 12))),
        ("beside", pl.concat([one(of, waves(3, 12)), one(other, waves(12, 12), "other")])),
    ):
        out = forecast_series(frame, 2).filter(unique_id="a")
        assert [str(d) for d in out["ds"]] == ahead, name


def test_whole_numbers_are_time_stamps_and_their_season_is_searched_for():
    values = waves(300, 9)
    out = forecast_series(one(list(range(290)), values[:290]), 10)
    assert out["ds"].to_list() == list(range(290, 300))
    assert np.abs(out["mean"].to_numpy() - values[290:]).mean() < 5


@pytest.mark.parametrize(
    "text", ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+02:00"]
)
def test_text_time_stamps_are_read(text: str):
    stamps = [datetime(2026, 1, 1) + timedelta(days=k) for k in range(60)]
    out = forecast_series(one([s.strftime(text) for s in stamps], waves(60, 7)), 2)
    expected = datetime(2026, 3, 2) - timedelta(hours=2 if "+02" in text else 0)
    has_zone = text.endswith(("Z", "+02:00"))
    assert out["ds"].to_list()[0] == (expected.replace(tzinfo=UTC) if has_zone else expected)


def test_a_time_zone_is_kept_and_summer_time_makes_no_gap():
    hours = pl.select(
        pl.datetime_range(
            datetime(2026, 3, 20), datetime(2026, 4, 5), "1h", time_zone="UTC", closed="left"
        )
    ).to_series()
    local = hours.dt.convert_time_zone("Europe/Berlin")
    out = forecast_series(one(local, waves(len(local), 24)), 3)
    assert out["ds"].dtype == pl.Datetime("us", "Europe/Berlin")
    assert (out["ds"].dt.epoch("s") - local[-1].timestamp()).to_list() == [3600, 7200, 10800]


def berlin(days: list[date]) -> pl.Series:
    return pl.Series(days).cast(pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("last", "step"), [(date(2026, 3, 27), 1), (date(2026, 10, 23), 1), (date(2026, 3, 23), 7)]
)
def test_days_of_a_time_zone_stay_days_across_a_change_of_the_clock(last: date, step: int):
    days = [last - timedelta(days=step * k) for k in reversed(range(120))]
    out = forecast_series(one(berlin(days), waves(120, 7)), 5)
    assert (
        out["ds"].to_list()
        == berlin([last + timedelta(days=step * k) for k in range(1, 6)]).to_list()
    )
    assert out["reason"].is_null().all()


def test_months_of_a_time_zone_begin_at_its_midnight():
    stamps = berlin([date(2024 + m // 12, m % 12 + 1, 1) for m in range(24)])
    out = forecast_series(one(stamps, waves(24, 12)), 7)
    assert out["ds"].to_list() == berlin([date(2026, m, 1) for m in range(1, 8)]).to_list()


def test_a_midnight_that_the_clock_leaves_out_is_an_hour_later():
    days = pl.Series([date(2026, 4, 22) - timedelta(days=k) for k in reversed(range(60))])
    cairo = days.cast(pl.Datetime("us")).dt.replace_time_zone("Africa/Cairo")
    out = forecast_series(one(cairo, waves(60, 7)), 3)
    assert out["ds"].dt.to_string("%d %H").to_list() == ["23 00", "24 01", "25 00"]


@pytest.mark.parametrize("last", [date(2026, 3, 27), date(2026, 3, 31)])
def test_days_with_offsets_go_on_at_the_last_offset_and_say_so(last: date):
    days = berlin([last - timedelta(days=k) for k in reversed(range(120))])
    out = forecast_series(one(days.dt.strftime("%Y-%m-%dT%H:%M:%S%:z"), waves(120, 7)), 6)
    offset = days[-1].utcoffset()
    midnights = [datetime(last.year, last.month, last.day, tzinfo=UTC) - offset
                 + timedelta(days=k) for k in range(1, 7)]  # fmt: skip
    assert out["ds"].to_list() == midnights
    assert f"that of the last row, +0{offset.seconds // 3600}:00, is taken" in out["reason"][0]


def test_order_duplicates_and_gaps_change_little():
    frame = one(daily(200), waves(200, 7))
    shuffled = pl.concat([frame.sample(fraction=1.0, shuffle=True, seed=1), frame[50:60]])
    plain = forecast_series(frame, 7)
    same = forecast_series(shuffled, 7)
    assert same.drop("reason").equals(plain.drop("reason"))
    assert "rows that repeat a time stamp: 10" in same["reason"][0]
    gappy = forecast_series(frame.filter(pl.int_range(pl.len()) % 11 != 3), 7)
    np.testing.assert_allclose(gappy["mean"], plain["mean"], rtol=0.05)
    assert "steps without a value since the first: 18" in gappy["reason"][0]


def test_one_bad_series_never_stops_the_rest():
    good = one(daily(), waves(120, 7), "good")
    bad = [
        one(daily(1), np.ones(1), "single"),
        one(daily(), np.full(120, np.nan), "unknown"),
        one(daily(2), np.array([1.0, 2.0]), "two points"),
        one(daily(), np.full(120, 5.0), "constant"),
        one(daily(), waves(120, 7) * -1, "negative"),
        one(daily(), waves(120, 7) * 1e12, "large"),
        one(daily(), waves(120, 7) * 1e-9, "small"),
    ]
    out = forecast_series(pl.concat([bad[0], good, *bad[1:]]), 4)
    reasons = dict(out.group_by("unique_id").agg(pl.col("reason").first()).rows())
    rows = dict(out.group_by("unique_id").agg(pl.col("mean").count()).rows())
    assert rows == {
        "single": 0, "unknown": 0, "good": 4, "two points": 4, "constant": 4, "negative": 4,
        "large": 4, "small": 4,
    }  # fmt: skip
    assert "need 2" in reasons["single"]
    assert "need 2" in reasons["unknown"]
    assert "only 2 known steps" in reasons["two points"]
    assert "the same value" in reasons["constant"]
    assert reasons["good"] is None
    assert (out.filter(unique_id="negative")["mean"] < 0).all()


def test_mixed_steps_are_said():
    hours = [datetime(2026, 1, 1) + timedelta(hours=k) for k in range(100)]
    days = [datetime(2026, 1, 6) + timedelta(days=k) for k in range(60)]
    out = forecast_series(one([*hours, *days], waves(160, 7)), 2)
    assert "of the rows are not" in out["reason"][0]


def test_a_missing_column_is_named():
    with pytest.raises(UnusableSeries, match="expected unique_id, ds and y"):
        forecast_series(pl.DataFrame({"id": ["a"], "ds": [1], "y": [1.0]}), 3)
    with pytest.raises(UnusableSeries, match="expected at least 1 step"):
        forecast_series(one(daily(), waves(120, 7)), 0)


def test_a_season_is_believed_only_if_it_shows():
    assert visible(waves(200, 24)[None], 24)
    assert not visible(np.random.default_rng(0).normal(0, 1, (1, 200)), 24)
    assert search(waves(200, 11)[None]) == 11
    assert step_of(86400 * 30.5).every == "1mo"
    assert step_of(300).seasons == (288, 2016)


def test_series_of_other_steps_ends_and_ages_stand_beside_each_other():
    hours = [datetime(2026, 1, 1) + timedelta(hours=k) for k in range(200)]
    usual = pl.concat([one(daily(), waves(120, 7, seed), f"usual {seed}") for seed in range(5)])
    odd = {
        "hourly": one(hours, waves(200, 24)),
        "ended": one(daily(60), waves(60, 7)),
        "new": one(daily(120)[-5:], waves(5, 7)),
        "infinite": one(daily(), np.where(np.arange(120) == 50, np.inf, waves(120, 7))),
    }
    odd = {
        k: v.with_columns(pl.lit(k).alias("unique_id"), pl.col("ds").cast(pl.Datetime("us")))
        for k, v in odd.items()
    }
    usual = usual.with_columns(pl.col("ds").cast(pl.Datetime("us")))
    out = forecast_series(pl.concat([usual, *odd.values()]), 6)
    first = dict(out.group_by("unique_id").agg(pl.col("ds").first()).rows())
    reason = dict(out.group_by("unique_id").agg(pl.col("reason").first()).rows())
    assert out.height == 9 * 6
    assert out["mean"].is_finite().all()
    assert first["hourly"] == hours[-1] + timedelta(hours=1)
    assert first["ended"] == datetime(2026, 3, 2)
    assert "only 5 known steps" in reason["new"]
    assert "steps without a value since the first: 1" in reason["infinite"]
    assert all(reason[f"usual {k}"] is None for k in range(5))


def test_a_series_that_ends_long_before_the_others_is_said_to_have_ended():
    months = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(35)]
    frames = [
        one(daily(320), waves(320, 7), "running"),
        one(daily(120), waves(120, 7), "ended"),
        one(daily(310), waves(310, 7), "late"),
        one([d for d in daily(280) if d.month not in (3, 4, 5)], waves(188, 7), "with pauses"),
        one(months[:24], waves(24, 12), "ended months"),
        one(months, waves(35, 12), "months"),
    ]
    out = forecast_series(pl.concat(frames), 3)
    reason = dict(out.group_by("unique_id").agg(pl.col("reason").first()).rows())
    assert reason["ended"].startswith("its last row is of 2026-04-30, 200 steps before the last")
    assert "11 steps before the last" in reason["ended months"]
    for name in ("running", "late", "with pauses", "months"):
        assert "have ended" not in (reason[name] or "")
    assert out.filter(unique_id="ended")["ds"].to_list() == daily(123)[-3:]


def test_counted_steps_of_other_lengths_have_not_ended():
    frames = [one(list(range(n)), waves(n, 7), str(n)) for n in (300, 100)]
    assert forecast_series(pl.concat(frames), 3)["reason"].is_null().all()


def test_a_series_that_is_zero_since_long_ago_is_said_to_be():
    zero = np.where(np.arange(320) < 120, waves(320, 7), 0.0)
    frame = pl.concat([one(daily(320), zero), one(daily(320), waves(320, 7), "b")])
    out = forecast_series(frame, 3)
    assert "zero in the last 200 steps, much longer" in out.filter(unique_id="a")["reason"][0]
    assert out.filter(unique_id="b")["reason"].is_null().all()


def test_a_clock_that_moves_to_another_zone_is_one_series():
    """The export was in winter time, then in summer time: same hours, other offsets."""
    stamps = [datetime(2026, 3, 20) + timedelta(hours=k) for k in range(300)]
    text = [
        (s + timedelta(hours=2 if k >= 150 else 1)).isoformat()
        + ("+02:00" if k >= 150 else "+01:00")
        for k, s in enumerate(stamps)
    ]
    out = forecast_series(one(text, waves(300, 24)), 3)
    last = stamps[-1].replace(tzinfo=UTC)
    assert out["ds"].to_list() == [last + timedelta(hours=k) for k in (1, 2, 3)]
    assert out["reason"].is_null().all()


def test_no_forecast_explodes_next_to_series_of_other_sizes():
    random = np.random.default_rng(0)
    grown = np.exp(np.linspace(0, 12, 150)) * random.normal(1, 0.1, 150)
    spiky = np.where(random.random(150) < 0.05, 1e4, 1.0)
    frames = [one(daily(150), grown, "grown"), one(daily(150), spiky, "spiky")]
    frames += [
        one(daily(150), waves(150, 7, k + 9) * 10.0**k, f"size {k}") for k in range(-9, 13, 3)
    ]
    out = forecast_series(pl.concat(frames), 90)
    largest = pl.concat(frames).group_by("unique_id").agg(pl.col("y").max())
    both = out.join(largest, on="unique_id")
    assert (both["mean"] <= 10 * both["y"]).all()
    assert (both["lo95"] <= both["mean"]).all()
    assert (both["mean"] <= both["hi95"]).all()


def relative(out: pl.DataFrame, name: str) -> dict[str, float]:
    first = out.filter(unique_id=name).row(0, named=True)
    return {c: first[c] / first["mean"] - 1 for c in ("lo95", "lo80", "hi80", "hi95")}


def test_a_new_series_borrows_the_error_of_its_siblings():
    random = np.random.default_rng(0)
    siblings = [
        one(daily(120), (k + 1) * random.normal(100, 6, 120), f"old {k}") for k in range(30)
    ]
    new = one(daily(120)[-10:], random.normal(500, 30, 10), "new")
    out = forecast_series(pl.concat([*siblings, new]), 4)
    band, usual = relative(out, "new"), relative(out, "old 4")
    for limit, width in band.items():
        assert width == pytest.approx(usual[limit], rel=0.6), limit
    assert "the relative error of the other series" in out.filter(unique_id="new")["reason"][0]
    assert out.filter(unique_id="old 4")["reason"][0] is None


def test_a_series_without_siblings_has_two_bands_and_does_not_speak_of_others():
    alone = forecast_series(one(daily(10), np.arange(10) % 3 + 100.0), 3)
    assert "30% of it as the typical error, since no other series" in alone["reason"][0]
    quarters = [date(2022 + k // 4, 1 + 3 * (k % 4), 1) for k in range(16)]
    for out in (alone, forecast_series(one(quarters, waves(16, 4)), 8)):
        assert (out["lo95"] < out["lo80"]).all()
        assert (out["hi80"] < out["hi95"]).all()


def test_a_season_that_a_quarter_of_the_series_has_clearly_is_believed():
    random = np.random.default_rng(3)
    flat = random.normal(100, 5, (70, 60))
    swinging = flat[:30] + 20 * np.sin(np.arange(60) * np.pi / 2)
    assert visible(np.concatenate([flat, swinging]), 4)
    assert not visible(flat, 4)
    assert not visible(np.concatenate([flat, swinging[:3]]), 4)


def test_after_each_part_it_is_told_how_many_series_are_done() -> None:
    days = pl.datetime_range(datetime(2026, 1, 1), datetime(2026, 4, 30), "1d", eager=True)
    long = pl.DataFrame({"unique_id": "long", "ds": days, "y": [k % 7 for k in range(len(days))]})
    told: list[int] = []
    forecast_series(pl.concat([long, long.tail(40).with_columns(unique_id=pl.lit("short"))]), 3,
                    done=told.append)  # fmt: skip
    assert told == [1, 2]
