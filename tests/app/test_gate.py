from dataclasses import fields
from pathlib import Path

import pytest

from actions.limits import Limits, Window
from app.gate import limits
from pipelines.errors import BrokenSettings
from pipelines.settings import Settings, load_settings


def test_limits_of_a_home_without_settings_are_the_defaults(tmp_path: Path) -> None:
    assert limits(Settings(home=tmp_path)) == Limits()


def test_every_limit_of_the_gate_is_a_setting() -> None:
    assert {field.name for field in fields(Limits)} <= set(Settings.model_fields)


def test_limits_are_read_from_the_file_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "instance-select.yaml").write_text(
        "plan_hours: 24\nstop_after_failures: 1\n"
        "window: {days: [sat, sun], starts_hour: 22, ends_hour: 4}\n"
    )
    found = limits(load_settings(tmp_path))
    assert (found.plan_hours, found.stop_after_failures) == (24, 1)
    assert found.window == Window(weekdays=(5, 6), starts_hour=22, ends_hour=4)


@pytest.mark.parametrize("window", ["{days: [caturday]}", "{starts_hour: 25, ends_hour: 4}"])
def test_window_that_is_none_is_refused(tmp_path: Path, window: str) -> None:
    (tmp_path / "instance-select.yaml").write_text(f"window: {window}\n")
    with pytest.raises(BrokenSettings, match="window"):
        load_settings(tmp_path)
