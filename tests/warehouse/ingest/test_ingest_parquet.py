"""What a Parquet file says about itself is used, and what it leaves open is looked at."""

from pathlib import Path

import pyarrow
import pytest
from bills import lake_in, line, load, query
from pyarrow import parquet


@pytest.mark.parametrize("has_statistics", [True, False])
@pytest.mark.parametrize(
    "regions",
    [
        ["NULL", "NULL"],
        ["", "us"],
        ["", "A"],
        ["A", "NULL", "z"],
        ["A", "B", "M", "NULL"],
        ["NULL", "O", "z"],
        ["A", None, "NULL"],
        [None, None, "a", "NULL"],
        ["a", "b", "A", "B"],
        ["a", "", "A", "NULL"],
    ],
)
def test_nulls_written_as_text_are_nulls_in_parquet_too(
    regions: list[str | None], has_statistics: bool, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    columns = {name: [value] * len(regions) for name, value in line().items()}
    rows = pyarrow.table(columns | {"RegionId": pyarrow.array(regions, pyarrow.string())})
    folder = tmp_path / "bills"
    folder.mkdir()
    parquet.write_table(
        rows, folder / "a.parquet", row_group_size=2, write_statistics=has_statistics
    )
    load(lake, folder)
    found = [row[0] for row in query(lake, "select RegionId from raw.focus")]
    assert sorted(map(str, found)) == sorted(
        str(None if region in ("", "NULL") else region) for region in regions
    )
