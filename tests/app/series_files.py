"""Files of series, as readers have them."""

from pathlib import Path

import polars as pl


def write_as(name: Path, frame: pl.DataFrame) -> None:
    """A file in the format that its name has."""
    if name.suffix.lower() == ".parquet":
        frame.write_parquet(name)
    else:
        packed = "gzip" if name.suffix == ".gz" else "uncompressed"
        tab = "\t" if ".tsv" in name.name else ","
        frame.write_csv(name, compression=packed, separator=tab, check_extension=False)
