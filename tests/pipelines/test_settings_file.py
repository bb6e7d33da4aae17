"""A settings file that is wrong says where, what was found, what was expected and what to do."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from clouds.errors import UnknownCloud, UnknownOption, WronglyConfigured
from pipelines.errors import BrokenSettings
from pipelines.settings import CONFIG_FILE, Settings, load_settings
from pipelines.sources import connect_what_answers

GOOD = "sources:\n  - name: one\n    cloud: aws\n"
DISK = "checks:\n- check: unattached_disk\n  params:\n"
BROKEN = {
    "unknown setting": ("max_change: 5\n", 1, "'max_change' (did you mean 'max_changes'?)"),
    "unknown key of a source": (f"{GOOD}    option: {{}}\n", 4, "'option' (did you mean 'options'"),
    "our own key": (f"{GOOD}    where: here\n", 4, "of a source: cloud, late_after_hours, name"),
    "the home in its own file": ("threads: 1\nhome: /tmp\n", 2, "found 'home'"),
    "wrong type": ("# one\nmax_changes: many\n", 2, "found 'many' for 'max_changes', expected a w"),
    "out of range": ("max_changes: 0\n", 1, "greater than or equal to 1"),
    "sources that are no list": ("sources:\n  name: one\n", 1, "a mapping for 'sources', expected"),
    "a source that is a word": ("sources:\n  - aws\n", 2, "expected a mapping with 'name'"),
    "options that are a list": (f"{GOOD}    options: [a]\n", 4, "found a list for"),
    "a missing name": ("threads: 1\nsources:\n  - cloud: aws\n", 3, "found no 'name' in this"),
    "a name that is a number": ("sources:\n  - name: 7\n    cloud: aws\n", 2, "quotes"),
    "a name that is a path": ("sources:\n  - {name: ../x, cloud: aws}\n", 2, "without slashes"),
    "duplicate source names": (f"{GOOD}  - cloud: gcp\n    name: one\n", 5, "the name 'one' again"),
    "a setting that stands twice": ("threads: 1\nthreads: 2\n", 2, "second time (first in line 1)"),
    "an option that stands twice": (
        f"{GOOD}    options:\n      bills: a\n      bills: b\n", 6, "'bills' a second time",
    ),
    "a check that is not": ("checks:\n- {check: off_hour, enabled: no}\n", 2, "mean 'off_hours'"),
    "a parameter that the check has not": (
        f"{DISK}    day: 3\n", 4, "unattached_disk has no parameter 'day'",
    ),
    "days that are no number": (f"{DISK}    days: long\n", 4, "a number from 0 to 36,500"),
    "a window that is not kept": (
        "checks:\n- check: idle_instance\n  params:\n    days: 20\n", 4, "expected 14 or 32, over",
    ),
    "a scope of a check without a value": (
        "checks:\n- check: off_hours\n  env:\n  enabled: false\n", 3, "a value for 'env', or no",
    ),
    "a criterion without a value": (
        "allocation:\n  rules:\n  - match:\n      account:\n      service: a*\n    to: web\n", 4,
        "found nothing, expected a value for 'account'",
    ),
    "a check that is off": (
        "checks:\n- check: off_hours\n  off: true\n", 2, "expected 'enabled: false', which turns",
    ),
    "a check that is off without a value": (
        "checks:\n- check: off_hours\n  off:\n", 2, "found 'off' or 'no' as a name, expected 'ena",
    ),
    "a criterion that is off": (
        "allocation:\n  rules:\n  - match: {off: x}\n    to: web\n", 3,
        "found False as a name (off, no, on, yes or a number), expected a text",
    ),
    "a pattern that is none": (
        "checks:\n- check: multi_az_outside_production\n  params:\n    outside: '(dev'\n", 4,
        "found '(dev' for 'outside', expected a regular expression, such as '^(dev",
    ),
    "a window without a day": (
        "window:\n  days: []\n  starts_hour: 1\n  ends_hour: 2\n", 2,
        "found an empty list for 'window.days', expected at least one entry.",
    ),
    "a window with days that are not told": (
        "window:\n  days:\n  starts_hour: 1\n  ends_hour: 2\n", 2,
        "found nothing for 'window.days', expected a list (lines that begin with '-')",
    ),
    "a truth as a number": (f"{DISK}    days: yes\n", 4, "found True"),
    "a check without a change": ("checks:\n- {check: off_hours, env: x}\n", 2, "neither 'params'"),
    "a country without a calendar": ("holidays:\n- DE\n- GER\n", 3, "found 'GER', expected a c"),
    "a country that YAML takes for no": ("holidays: [NO]\n", 1, "found False for 'holidays.0'"),
    "a tab": ("sources:\n\t- name: one\n", 2, "found a tab character, expected spaces"),
    "a tab after spaces": ("sources:\n  - name: one\n  \tcloud: aws\n", 3, "found a tab character"),
    "a bracket that is not closed": ("sources: [one\nthreads: 1\n", 2, "begins in line 1"),
    "wrong indentation": ("sources:\n  - name: one\n   cloud: aws\n", 3, "not YAML"),
    "a list of settings": ("- threads: 1\n", 1, "found a list, expected lines like"),
    "only a word": ("nothing\n", 1, "found a text"),
    "two documents": ("threads: 1\n---\nthreads: 2\n", 2, "not YAML"),
    "an object of a programming language": ("threads: !!python/name:os.system ''\n", 1, "not YAML"),
    "hours without end": ("plan_hours: .inf\n", 1, "found inf for 'plan_hours', expected less"),
    "days beyond the calendar": ("keep_days: 1000000000000\n", 1, "for 'keep_days', expected less"),
    "a port that is none": ("dashboard_port: 99999\n", 1, "expected less than or equal to 65535"),
    "a time before all bills": (
        "as_of: 0001-01-01\n", 1, "0001-01-01 for 'as_of', expected greater than or equal to 2000",
    ),
    "a day that is not": ("as_of: 2026-02-30\n", 1, "'2026-02-30' for 'as_of', expected a date or"),
    "a year for a day": ("as_of: 2026\n", 1, "found 2026 for 'as_of', expected a date or time"),
    "a number without digits": ("threads: 0x_\n", 1, "'0x_' for 'threads', expected a whole n"),
    "no size of memory": ("memory_limit: banana\n", 1, "'banana' for 'memory_limit', expected a s"),
    "too little memory to begin": ("memory_limit: 1KB\n", 1, "expected a size from 100MB on"),
    "another database": ("ledger: mysql://me@host/db\n", 1, "'mysql' for 'ledger', expec"),
    "a ledger that is no address": ("ledger: banana\n", 1, "something else than an address for 'l"),
    "a ledger in memory": ("ledger: 'sqlite:///:memory:'\n", 1, "no file in the address for 'led"),
    "a port of a ledger in words": ("ledger: postgresql://me@host:port/db\n", 1, "for 'ledger', e"),
    "a catalogue in the ledger's words": (
        "catalog: postgresql+psycopg://me@host/db\n", 1, "expected an address such as postgresql://",
    ),
    "data where DuckDB can't write": ("data_path: http://host/x\n", 1, "'http' for 'data_path'"),
    "hours for all readings": (
        f"{GOOD}    late_after_hours: 72\n", 4, "found 72 for 'sources.0.late_after_hours', expecte"
        "d hours for each reading that is to differ, such as {bills: 72}",
    ),
    "a parameter beyond the calendar": (f"{DISK}    days: 1000000000\n", 4, "from 0 to 36,500"),
    "a character that is not allowed": ("threads: 1\nledger: a\x07b\n", 2, "#0007"),
}  # fmt: skip


def settings_of(text: str | bytes, home: Path) -> Path:
    data = text.encode() if isinstance(text, str) else text
    (home / CONFIG_FILE).write_bytes(data)
    return home


@pytest.mark.parametrize(("text", "line", "told"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_names_its_line(text: str, line: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenSettings) as error:
        load_settings(settings_of(text, tmp_path))
    message = str(error.value)
    assert message.startswith(f"{tmp_path / CONFIG_FILE}, line {line}: found ")
    assert told in message
    assert "\n" not in message


def test_a_home_in_which_addresses_would_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenSettings, match="has a question mark in its path"):
        load_settings(tmp_path / "really?")


def test_text_that_is_not_utf8_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(BrokenSettings, match="line 2: found a byte that is not UTF-8"):
        load_settings(settings_of(b"# one\nledger: Z\xfcrich\n", tmp_path))


def test_every_wrong_line_is_told_at_once(tmp_path: Path) -> None:
    text = "max_changes: many\nthreads: -1\n"
    with pytest.raises(BrokenSettings) as error:
        load_settings(settings_of(text, tmp_path))
    assert [f"line {line}:" in str(error.value) for line in (1, 2)] == [True, True]
    assert str(error.value).count("\n") == 1


def test_what_may_be_a_password_is_not_repeated(tmp_path: Path) -> None:
    for text in (
        "ledger: [postgresql://me:hunter2@host]\n",
        "catalog: {a: hunter2}\n",
        "sources: [{name: one, cloud: aws, options: [hunter2]}]\n",
    ):
        with pytest.raises(BrokenSettings) as error:
            load_settings(settings_of(text, tmp_path))
        assert "hunter2" not in str(error.value)


def test_a_variable_that_does_not_fit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_SELECT_MAX_CHANGES", "many")
    with pytest.raises(BrokenSettings, match="INSTANCE_SELECT_MAX_CHANGES does not fit"):
        load_settings(tmp_path)
    monkeypatch.delenv("INSTANCE_SELECT_MAX_CHANGES")
    monkeypatch.setenv("INSTANCE_SELECT_SOURCES", "[unclosed")
    with pytest.raises(BrokenSettings, match="must be JSON"):
        load_settings(tmp_path)


def test_a_variable_is_told_in_the_words_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value, expected in (
        ("MEMORY_LIMIT", "banana", "found 'banana' for 'memory_limit', expected a size from 100MB"),
        ("AS_OF", "2026", "found '2026' for 'as_of', expected a date or time in UTC"),
        ("LEDGER", "mysql://me:hunter2@host/db", "found an address of 'mysql' for 'ledger', exp"),
        ("CATALOG", "me:hunter2@host", "found a text for 'catalog', expected an address such as"),
    ):
        monkeypatch.setenv(f"INSTANCE_SELECT_{name}", value)
        with pytest.raises(BrokenSettings) as error:
            load_settings(tmp_path)
        monkeypatch.delenv(f"INSTANCE_SELECT_{name}")
        assert f"INSTANCE_SELECT_{name} does not fit: {expected}" in str(error.value)
        assert "hunter2" not in str(error.value)


def test_every_number_of_the_settings_has_both_bounds() -> None:
    schema = Settings.model_json_schema()
    numbers = list(_numbers(schema["properties"], "")) + list(_numbers(schema["$defs"], ""))
    assert len(numbers) > 20
    money = ("/at_least/", "/critical_at/", "/percent/")  # of any size, and checked by validators
    assert [
        where
        for where, number in numbers
        if not any(name in where for name in money)
        and len({"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"} & number) < 2
    ] == []


def _numbers(schema: Any, where: str) -> Iterator[tuple[str, set[str]]]:
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number"):
            yield where, set(schema)
        for name, child in schema.items():
            yield from _numbers(child, f"{where}/{name}")
    elif isinstance(schema, list):
        for child in schema:
            yield from _numbers(child, where)


def test_a_moment_may_have_a_zone_or_none(tmp_path: Path) -> None:
    for text, hour in (
        ("2026-11-22", 0),
        ("2026-11-22T09:00:00+02:00", 7),
        ("2026-11-22 09:00", 9),
    ):
        as_of = load_settings(settings_of(f"as_of: {text}\n", tmp_path)).as_of
        assert as_of is not None
        assert as_of.astimezone(UTC).hour == hour if as_of.tzinfo else as_of.hour == hour


def test_an_empty_variable_counts_as_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"INSTANCE_SELECT_{name.upper()}", "")
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Settings.model_construct()
    assert load_settings().home == Path("var"), "not the current folder"
    assert load_settings(tmp_path).as_of is None, "the sources' own clock"
    assert load_settings(settings_of("max_changes: 3\n", tmp_path)).max_changes == 3


def test_settings_without_a_value_keep_their_default(tmp_path: Path) -> None:
    settings = load_settings(settings_of("\ufeffsources:\nthreads:\nmax_changes: 3\n", tmp_path))
    assert (settings.sources, settings.threads, settings.max_changes) == ((), 0, 3)
    assert load_settings(settings_of("", tmp_path)).max_changes == 20
    assert load_settings(settings_of(f"{GOOD}    options:\n", tmp_path)).sources[0].options == {}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("cloud: nimbus", "No cloud named 'nimbus'. Known clouds: aws"),
        ("cloud: demo", "the option 'folder' (text) is missing"),
        ("cloud: demo\n    options: {fodler: x}", "'fodler' (did you mean 'folder'?)"),
        ("cloud: demo\n    options: {folder: 007}", "a whole number, but must be text; write it"),
        ("cloud: demo\n    options: {folder: [x]}", "'folder' is a list, but must be text."),
    ],
)
def test_a_source_that_can_not_be_connected_names_its_line_and_stops_no_other(
    source: str, told: str, tmp_path: Path
) -> None:
    text = f"sources:\n  - name: good\n    cloud: aws\n  - name: bad\n    {source}\n"
    clouds, failed = connect_what_answers(load_settings(settings_of(text, tmp_path)))
    assert list(clouds) == ["good"]
    assert isinstance(failed["bad"], WronglyConfigured)
    assert str(failed["bad"]).startswith(f"{tmp_path / CONFIG_FILE}, line 4: ")
    assert told in str(failed["bad"])
    assert isinstance(failed["bad"].__cause__, UnknownCloud | UnknownOption)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@tried(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_loads_or_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    with suppress(BrokenSettings):
        load_settings(settings_of(text, tmp_path))


def test_the_cloud_of_a_check_may_be_written_in_capitals(tmp_path: Path) -> None:
    text = "checks:\n- {check: off_hours, cloud: AWS, enabled: false}\n"
    (check,) = load_settings(settings_of(text, tmp_path)).checks
    assert check.override.scope == {"cloud": "aws"}
