"""Text files in any form: byte order marks, line ends, separators, archives."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    SAMPLES,
    lake_in,
    line,
    lines,
    load,
    query,
    reason,
    statuses,
    total,
    write,
)

AWS = SAMPLES / "aws_1_2_cost_and_usage_rows100_seed42.csv"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    text = "\ufeff" + AWS.read_text().replace("\n", "\r\n")
    (tmp_path / "windows.csv").write_bytes(text.encode())
    assert statuses(load(lake, tmp_path / "windows.csv")) == {"windows.csv": {"loaded"}}
    assert total(lake) == (100, Decimal("1157.488823772133240000"))


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("quoted", [False, True])
def test_lines_of_different_ends_are_read(quoted: bool, ending: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    wanted = [line(ResourceId=f"i-{n}", ServiceName="a\nb" if quoted else "a") for n in range(5)]
    path = write(tmp_path / "plain.csv", wanted)
    rows = path.read_text().split("\n1.5,")
    ends = ["\r\n", "\n", "\n", "\r\n", "\r"]
    text = rows[0] + "".join(f"{end}1.5,{row}" for end, row in zip(ends, rows[1:], strict=True))
    content = text.encode()
    mixed = tmp_path / f"mixed.{ending}"
    mixed.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    report = load(lake, mixed)
    assert statuses(report) == {mixed.name: {"loaded"}}, report.loaded[0].reason
    found = query(lake, "select ResourceId, ServiceName from raw.focus order by all")
    assert found == [(row["ResourceId"], row["ServiceName"]) for row in wanted]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_and_line_ends_in_quotes_count_as_lines(end: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [line(), line(ServiceName='5" disk\n\nfast'), line(), line(BillingCurrency="usd")]
    header, *first, last = write(tmp_path / "a.csv", rows).read_text().splitlines()
    text = "\n".join([header, "", "", *first, "", last, ""])
    (tmp_path / "a.csv").write_text(text, newline=end)
    assert "a.csv, line 10, column BillingCurrency" in reason(
        load(lake, tmp_path / "a.csv"), "a.csv"
    )


def test_a_mistake_among_lines_of_different_ends_is_named_as_it_is(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = write(tmp_path / "a.csv", lines(4))
    content = path.read_bytes().replace(b"\n", b"\r\n", 2)
    path.write_bytes(content + b"1,2,3\n")
    assert "line 6 has 3 columns; expected 18" in reason(load(lake, path), "a.csv")


def test_semicolons_tabs_and_zip_archives_are_read(tmp_path: Path) -> None:
    import zipfile

    lake = lake_in(tmp_path)
    write(tmp_path / "plain.csv", lines(2))
    text = (tmp_path / "plain.csv").read_text()
    (tmp_path / "tabs.tsv").write_text(text.replace(",", "\t").replace("111111111111", "8"))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("inside.csv", text.replace("111111111111", "7"))
    report = load(lake, tmp_path / "tabs.tsv", tmp_path / "packed.zip")
    assert set.union(*statuses(report).values()) == {"loaded"}
    assert total(lake) == (4, Decimal(6))
