"""Where the lake lives and how much of the machine it may use."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# What DuckDB reads as a size, from 100 MB on: it can't open a lake with much less.
MEMORY = r"(?i)^(([1-9]\d{0,5}(\.\d+)?|0\.[1-9]\d*) ?[GT](i?B)?|[1-9]\d{2,8} ?M(i?B)?)$"


class LakeSettings(BaseSettings):
    """Read once at start from INSTANCE_SELECT_* variables, then handed down."""

    model_config = SettingsConfigDict(
        env_prefix="INSTANCE_SELECT_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        default=Path("var"),
        description="Folder of everything that is written: lake, ledger, scheduler, demo estate.",
    )
    catalog: str = Field(
        default="",
        description="PostgreSQL connection string of the lake's catalogue "
        "(postgresql://user@host/db); empty = SQLite under the home.",
        pattern=r"^$|^postgres(ql)?://.|^\s*\w+\s*=",  # or libpq's own: host=... dbname=...
        repr=False,
    )
    data_path: str = Field(
        default="",
        description="Folder or s3:// prefix of the lake's data files; empty = lake/ in the home.",
    )
    encrypted: bool = Field(
        default=False,
        description="Encrypt the lake's data files. Decided when the lake is created; the keys "
        "are in the catalogue.",
    )
    memory_limit: str = Field(
        default="2GB", pattern=MEMORY,
        description="Memory DuckDB may use per process, before it spills to disk.",
    )  # fmt: skip
    threads: int = Field(
        default=0, ge=0, le=1024,
        description="Threads DuckDB may use per process; 0 = one per core.",
    )  # fmt: skip
    lock_seconds: float = Field(
        default=600, gt=0, le=86_400,
        description="Seconds to wait for the write lock before giving up.",
    )  # fmt: skip
    keep_days: int = Field(
        default=30, ge=1, le=36_500,
        description="Days that maintenance keeps a snapshot, what a run told in Dagster, and "
        "alerts about what is over.",
    )  # fmt: skip

    @property
    def lake_folder(self) -> Path:
        """Folder of the embedded catalogue and, unless set otherwise, of the data files."""
        return self.home / "lake"
