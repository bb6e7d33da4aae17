"""A FOCUS export is strict 1.2, ties to its source and is written whole or not at all."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import DiskFull, NothingPublished, UnknownTable
from warehouse.export import export
from warehouse.ingest.load import ingest
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

NOW = datetime(2026, 11, 20)
SAMPLES = Path(__file__).parents[1] / "samples"
ACCEPT = Path(__file__).parents[3] / "shared" / "acceptance" / "focus_accept.py"
FILES = [
    "aws_1_2_cost_and_usage_rows100_seed42.csv", "azure_1_2_cost_and_usage_rows100_seed42.csv",
    "focus_1.0_sample_1000.csv.gz", "aws_cur_1.0_sample.csv.gz", "azure_ea_sample.csv",
    "gcp_resource_2026-10.csv.gz", "oci_cost_report_no_tags.csv.gz",
]  # fmt: skip


def published(home: Path, file: str) -> Lake:
    lake = Lake(LakeSettings(home=home))
    report = ingest(lake, [SAMPLES / file], now=NOW)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    lake.publish(report.snapshot, NOW, "test", NOW)
    return lake


@pytest.fixture(scope="module")
def lake_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    lakes: dict[str, Lake] = {}

    def lake(file: str) -> Lake:
        if file not in lakes:
            lakes[file] = published(tmp_path_factory.mktemp("home"), file)
        return lakes[file]

    return lake


@pytest.mark.parametrize("file", FILES)
def test_an_export_has_the_columns_of_focus_and_the_sums_of_the_bill(
    file: str, lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    out = tmp_path / "focus.parquet"
    rows = export(lake_of(file), "focus", out)
    with duckdb.connect() as connection:
        described = connection.execute(f"describe from '{out}'").fetchall()
        sums = "count(*), sum(BilledCost), sum(EffectiveCost)"
        written = connection.execute(f"select {sums} from '{out}'").fetchall()
        nulls = connection.execute(
            f"select count(*) - count(ListCost) + count(*) - count(ContractedCost) from '{out}'"
        ).fetchall()
    with lake_of(file).reader() as reader:
        assert written == reader.execute(f"select {sums} from raw.focus").fetchall()
    assert nulls == [(0,)]
    assert rows == written[0][0]
    types = {name: type_ for name, type_, *_ in described}
    assert len(types) == 57
    assert list(types) == sorted(types)
    assert types["BillingAccountId"] == "VARCHAR"
    assert types["BilledCost"] == "DECIMAL(38,18)"
    assert types["ChargePeriodStart"] == "TIMESTAMP"
    assert not [name for name in types if name.startswith("x_")]


@pytest.mark.parametrize("file", FILES)
def test_an_export_passes_the_acceptance_of_focus(
    file: str, lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    if not ACCEPT.exists():
        pytest.skip("only on machines with the shared acceptance scripts beside the repository")
    out = tmp_path / "focus.parquet"
    export(lake_of(file), "focus", out)
    validator = os.environ.get("FOCUS_VALIDATOR")
    has_all = "1_2" in file  # what the other providers leave out, an export can't make up
    how = ["--validator", validator] if validator and has_all else ["--no-official"]
    done = subprocess.run([sys.executable, ACCEPT, *how, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_any_table_can_be_exported_and_a_wrong_name_lists_them(
    lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    lake = lake_of(FILES[0])
    assert export(lake, "raw.billing_manifest", tmp_path / "m.parquet") == 2
    with pytest.raises(UnknownTable, match=r"No table named 'raw.nothing'.*focus, .*raw.focus"):
        export(lake, "raw.nothing", tmp_path / "n.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["m.parquet"]


def test_a_failed_export_leaves_the_old_file_and_no_part(
    lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    out = tmp_path / "gone" / "focus.parquet"
    with pytest.raises((duckdb.Error, OSError)):
        export(lake_of(FILES[0]), "focus", out)
    assert not out.parent.exists()


def test_a_full_disk_is_told_in_the_words_of_an_export(
    lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    out = tmp_path / "focus.parquet"
    out.symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"focus\.parquet was not written, since its disk is full"):
        export(lake_of(FILES[0]), "focus", out)


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished):
        export(Lake(LakeSettings(home=tmp_path)), "focus", tmp_path / "focus.parquet")
