"""Load the billing exports that the sources deliver."""

from typing import Any

import dagster as dg

from clouds.cloud import Cloud
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record, told
from pipelines.work import Work
from warehouse.ingest.load import ingest


@dg.asset(
    key=["raw", "focus"], group_name="raw", kinds={"duckdb"}, pool=WRITE_POOL, retry_policy=RETRY
)
def bills(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per charge line as delivered; a newer delivery replaces its billing period."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        exports = cloud.bills(work.settings.home / "exports" / name)
        report = ingest(work.lake, exports.paths, now=work.as_of, progress=work.progress)
        loaded = sum(file.rows or 0 for file in report.loaded if file.status == "loaded")
        problems = [told(failure) for failure in exports.failed]
        problems += [f"{f.file}: {f.reason}" for f in report.loaded if f.status == "rejected"]
        with work.lake.write(f"bills of {name}") as write:
            failed = Scope(None, failed="; ".join(problems) or None)
            record(write.connection, name, "exports", work.as_of, [failed])
        return loaded, problems

    return read_each(work, "exports", read)
