"""What lies in a folder: nothing is read twice, and nothing is passed over without a word."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bills import lake_in, lines, load, reason, statuses, total, write
from test_ingest_manifests import aws_export, azure_export

from warehouse.ingest.discover import discover


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter; whoever may read everything becomes one."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_that_cannot_be_read_is_refused_and_the_others_are_read(open_folder: Path) -> None:
    write(open_folder / "bills" / "a.csv", lines(3))
    write(open_folder / "bills" / "closed" / "b.csv", lines(2))
    (open_folder / "bills" / "closed").chmod(0o000)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65534)
        found = discover([open_folder / "bills"])
        alone = discover([open_folder / "bills" / "closed"])
    finally:
        if is_root:
            os.seteuid(0)
        (open_folder / "bills" / "closed").chmod(0o755)
    assert [file.path.name for file in found.loose] == ["a.csv"]
    for [entry] in (found.settled, alone.settled):
        assert entry.file.endswith("bills/closed")
        assert "can't be read (Permission denied)" in (entry.reason or "")
        assert "chmod u+rx" in (entry.reason or "")


def test_a_linked_folder_is_read_as_if_it_lay_there(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "elsewhere" / "deep" / "a.csv", lines(3))
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "aws").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "bills" / "again").symlink_to(tmp_path / "elsewhere")
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"loaded"}}
    assert report.ignored == [f"{tmp_path}/bills/aws/"]
    assert total(lake) == (3, 6)


def test_a_link_that_leads_back_or_nowhere_is_named_and_not_followed(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "deep" / "a.csv", lines(3))
    write(tmp_path / "private" / "b.csv", lines(2, BillingAccountId="9"))
    (tmp_path / "bills" / "deep" / "loop").symlink_to(tmp_path / "bills")
    (tmp_path / "bills" / "inner").symlink_to(tmp_path / "bills" / "deep")
    (tmp_path / "bills" / "outer").symlink_to(tmp_path)
    (tmp_path / "bills" / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"loaded"}}
    ignored = [name.removeprefix(f"{tmp_path}/bills/") for name in report.ignored]
    assert ignored == ["deep/loop/", "gone.csv", "inner/", "outer/"]
    assert total(lake) == (3, 6)


@pytest.mark.parametrize("name", ["part_1_0001.csv", "acme-00002.csv.gz", "acme-00003.parquet.csv"])
def test_a_later_part_without_the_first_is_refused(name: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "bills" / name, lines(3)))
    assert statuses(report) == {name: {"rejected"}}
    text = reason(report, name)
    first = 0 if name.startswith("part") else 1
    assert f"but part {first} was not given, and no manifest that lists the parts" in text
    assert "ingest the whole folder of the delivery, with its manifest" in text


def test_a_first_part_is_refused_while_another_lies_beside_it(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = write(tmp_path / "bills" / "part_0_0001.csv", lines(3))
    assert statuses(load(lake, first)) == {first.name: {"loaded"}}
    write(tmp_path / "bills" / "part_1_0001.csv", lines(3, ServiceName="S3"))
    report = load(lake, first)
    assert statuses(report) == {first.name: {"rejected"}}
    assert "part 0 of a delivery, but part 1 was not given" in reason(report, first.name)
    load(lake, tmp_path / "bills")
    assert total(lake)[0] == 6


def test_parts_that_their_manifest_lists_are_read_though_one_is_given(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    manifest = azure_export(
        tmp_path / "azure", "run-1", "2026-10-08T05:00:00Z",
        [lines(3, ProviderName="Microsoft"), lines(2, ProviderName="Microsoft", ServiceName="S")],
    )  # fmt: skip
    load(lake, manifest.parent)
    assert total(lake)[0] == 5
    aws_export(tmp_path / "acme", "1a", [lines(3, BillingAccountId="9"), []])
    load(lake, tmp_path / "acme" / "data/BILLING_PERIOD=2026-10/acme-daily-00002.csv.gz")
    assert total(lake)[0] == 8
