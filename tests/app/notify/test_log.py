"""The log: one line of JSON per alert, and a full or missing disk is tried again."""

import json
from pathlib import Path

from builders import message, parcel

from app.notify.deliver import send
from app.notify.outcome import Later, Sent
from pipelines.alert_settings import LogSettings


def test_each_alert_is_a_line_of_the_file_in_the_home(tmp_path: Path) -> None:
    log = LogSettings(name="log", kind="log")
    assert send(log, parcel("log"), tmp_path) == Sent()
    assert send(log, parcel("log", message=message("two\nlines")), tmp_path) == Sent()
    lines = (tmp_path / "alerts.log").read_text().splitlines()
    assert [json.loads(line)["title"] for line in lines][1] == "two\nlines"


def test_a_folder_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    log = LogSettings(name="log", kind="log", file=tmp_path / "gone" / "alerts.log")
    outcome = send(log, parcel("log"), tmp_path)
    assert outcome == Later(
        f"{tmp_path}/gone/alerts.log can't be written: No such file or directory"
    )


def test_a_new_log_is_for_its_owner_only(tmp_path: Path) -> None:
    send(LogSettings(name="log", kind="log"), parcel("log"), tmp_path)
    assert (tmp_path / "alerts.log").stat().st_mode & 0o777 == 0o600
