from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from small import NOW, SmallCloud

from clouds.errors import UnknownCloud
from pipelines.settings import Settings, SourceSettings
from pipelines.sources import connect, connect_what_answers
from pipelines.work import Work

MARS = SourceSettings(name="mars", cloud="martian")


def test_now_is_the_latest_clock_of_the_sources(tmp_path: Path) -> None:
    early, late = SmallCloud(tmp_path, "early"), SmallCloud(tmp_path, "late")
    late.clock = NOW + timedelta(hours=3)
    work = Work(Settings(home=tmp_path), given_sources={"early": early, "late": late})
    assert work.as_of == NOW + timedelta(hours=3)


def test_now_can_be_set_in_any_time_zone(tmp_path: Path) -> None:
    local = datetime(2026, 3, 20, 14, tzinfo=timezone(timedelta(hours=2)))
    work = Work(Settings(home=tmp_path, as_of=local), given_sources={})
    assert work.as_of == datetime(2026, 3, 20, 12)


def test_decisions_go_by_the_clock_of_the_only_source_whatever_is_set(tmp_path: Path) -> None:
    set_back = Settings(home=tmp_path, as_of=NOW - timedelta(days=9))
    work = Work(set_back, given_sources={"only": SmallCloud(tmp_path, "only")})
    assert (work.as_of, work.clock) == (NOW - timedelta(days=9), NOW)


def test_decisions_go_by_real_time_with_several_sources_or_none(tmp_path: Path) -> None:
    two = {name: SmallCloud(tmp_path, name) for name in ("one", "two")}
    for sources in ({}, two):
        before = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        clock = Work(Settings(home=tmp_path, as_of=NOW), given_sources=sources).clock
        assert before <= clock <= before + timedelta(minutes=5)


def test_without_sources_now_is_now(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    assert before <= Work(Settings(home=tmp_path)).as_of <= before + timedelta(minutes=5)


def test_a_source_that_can_not_be_connected_is_an_error_or_a_reason(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, sources=(MARS,))
    with pytest.raises(UnknownCloud, match="martian"):
        connect(settings)
    clouds, failed = connect_what_answers(settings)
    assert (clouds, failed.keys()) == ({}, {"mars"})
