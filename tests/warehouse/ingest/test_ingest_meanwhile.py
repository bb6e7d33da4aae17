"""A newer export of a period arrives while an older one is being loaded: the newer one stays."""

from decimal import Decimal
from pathlib import Path

import pytest
from bills import NOW, lake_in, lines, load, query, total
from test_ingest_manifests import aws_export, azure_export, azure_lines

from warehouse.ingest.load import ingest
from warehouse.ingest.records import IngestReport
from warehouse.lake import Lake

OLDER, NEWER = "2026-10-07T01:50:45.390Z-aaa", "2026-10-08T01:50:45.390Z-bbb"


def deliveries(cloud: str, folder: Path) -> tuple[Path, Path]:
    """Two runs of one export, the older one and the newer one, each in a folder of its own."""
    older, newer = folder / "older", folder / "newer"
    if cloud == "aws":
        aws_export(older / "acme-daily", OLDER, [lines(3)], create_new=True)
        aws_export(newer / "acme-daily", NEWER, [lines(4)], create_new=True)
    else:
        azure_export(older, "run-1", "2026-10-07T05:00:00Z", [azure_lines(3)])
        azure_export(newer, "run-2", "2026-10-08T05:00:00Z", [azure_lines(4)])
    return older, newer


def overtaken(lake: Lake, path: Path, by: Path) -> IngestReport:
    """Load `path`; when its files are read and measured, another process loads `by` whole."""
    other = Lake(lake.settings)
    met: list[str] = []

    def progress(message: str) -> None:
        if message.startswith("loading") and not met:
            met.append(message)
            assert {entry.status for entry in load(other, by).loaded} == {"loaded"}
            other.close()

    report = ingest(lake, [path], now=NOW, progress=progress)
    assert met
    return report


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_an_older_run_never_takes_the_place_of_a_newer_one_that_came_meanwhile(
    cloud: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    older, newer = deliveries(cloud, tmp_path)
    report = overtaken(lake, older, by=newer)
    assert [(entry.status, entry.rows) for entry in report.loaded] == [("superseded", 3)]
    assert "is older" in (report.loaded[0].reason or "")
    assert total(lake) == (4, Decimal(10))


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_a_newer_run_replaces_an_older_one_that_came_meanwhile(cloud: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    older, newer = deliveries(cloud, tmp_path)
    report = overtaken(lake, newer, by=older)
    assert [entry.status for entry in report.loaded] == ["loaded"]
    assert total(lake) == (4, Decimal(10))
    rows = query(lake, "select status, rows from raw.billing_manifest order by all")
    assert rows == [("loaded", 4), ("superseded", 3)]
