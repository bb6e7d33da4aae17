"""A warehouse goes on telling files apart as it did when it was made."""

from hashlib import sha256
from pathlib import Path

from bills import lake_in, lines, load, query, statuses, total, write

from warehouse.lake import Lake


def as_made_before(lake: Lake, *files: Path) -> None:
    """Know the files by SHA-256."""
    with lake.write("as it was") as made:
        for file in files:
            made.connection.execute(
                "update raw.billing_manifest set digest = ? where file = ?",
                [sha256(file.read_bytes()).hexdigest(), str(file)],
            )


def test_files_are_known_by_blake3(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(3)))
    [(digest,)] = query(lake, "select digest from raw.billing_manifest")
    assert digest.startswith("blake3:")


def test_an_older_warehouse_still_knows_what_was_replaced(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = write(tmp_path / "1.csv", lines(3))
    second = write(tmp_path / "2.csv", lines(4))
    load(lake, first)
    load(lake, second)
    as_made_before(lake, first, second)
    assert statuses(load(lake, second)) == {"2.csv": {"unchanged"}}
    assert statuses(load(lake, first)) == {"1.csv": {"superseded"}}
    assert total(lake)[0] == 4
    load(lake, write(tmp_path / "3.csv", lines(5)))
    found = query(lake, "select digest from raw.billing_manifest where status = 'loaded'")
    assert found == [(sha256((tmp_path / "3.csv").read_bytes()).hexdigest(),)]
