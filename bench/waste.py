"""Score the checks on demo estates against the waste that was planted into them.

Each estate is simulated, ingested and run like any home. Of what was planted is found what a check
tells of on that resource, as `open` or `superseded`; what is `open` and was not planted is wrong.
`saved` compares the planted saving with the range of what is open on the same resource. Passes with
a precision of 0.95 and a recall of 0.90, and if the planted savings lie within 10 % of the ranges.
`--docs` writes the table into docs/checks.md. Seeds 1 to 5 were looked at while writing the checks.
"""

import argparse
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from bench._demo import answers, run_demo
from pipelines.settings import Settings, load_settings
from pipelines.work import Work

AS_OF = datetime(2026, 11, 20)
STEPS = "*actions/recommendation"  # with everything that it needs
LEAST_PRECISION, LEAST_RECALL, MOST_OFF = 0.95, 0.90, 0.10
PLACE = ["check", "cloud", "resource_id"]
PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
PART = re.compile(r"(<!-- measured by .*? -->\n).*?(<!-- measured -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(11, 21)))
    parser.add_argument("--resources", type=int, default=600)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--home", type=Path, help="score this demo home alone, as its last run is")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/checks.md")
    given = parser.parse_args()
    if given.home:
        everything = _judged(load_settings(given.home), answers(given.home))
        estates = "a demo home"
    else:
        everything = pl.concat(_simulated(given.seeds, given.resources, given.months))
        estates = f"{len(given.seeds)} estates of {given.resources} resources"
    says = f"{estates}: {_sum_up(everything)}"
    table = list(_table(everything))
    print("\n".join(table))
    precision, recall, low, planted, high = _scores(everything)
    print(says)
    if given.docs:
        content = "\n".join([f"{says}.", "", *table, ""])
        PAGE.write_text(PART.sub(lambda part: f"{part[1]}\n{content}\n{part[2]}", PAGE.read_text()))
    inside = low * (1 - MOST_OFF) <= planted <= high * (1 + MOST_OFF)
    good = precision >= LEAST_PRECISION and recall >= LEAST_RECALL and inside
    print("met" if good else "MISSED")
    raise SystemExit(0 if good else 1)


def _simulated(seeds: Iterable[int], resources: int, months: int) -> Iterator[pl.DataFrame]:
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            judged = _judged(*run_demo(
                Path(folder), seed=seed, resources=resources, months=months, as_of=AS_OF,
                select=STEPS,
            ))  # fmt: skip
        print(f"seed {seed}: {_sum_up(judged)}", flush=True)
        yield judged


def _judged(settings: Settings, told: Mapping[str, Any]) -> pl.DataFrame:
    """A row for each planted waste and each open finding: what was planted, what was said."""
    key = pl.DataFrame(told["waste"])
    key = key.select(*PLACE, pl.col("saving_month").cast(pl.Float64).alias("planted"))
    with Work(settings).reading() as (lake, _):
        said = lake.execute(
            'select "check", cloud, resource_id, status, saving_month_low::double as low,'
            " saving_month_high::double as high from actions.recommendation"
            " where status in ('open', 'superseded')"
        ).pl()
    return key.join(said, on=PLACE, how="full", coalesce=True).filter(
        pl.col("planted").is_not_null() | (pl.col("status") == "open")
    )


def _scores(rows: pl.DataFrame) -> tuple[float, float, float, float, float]:
    """Precision, recall; of what is planted and open: low end, planted, high end a month."""
    hits = rows.filter(pl.col("planted").is_not_null() & pl.col("status").is_not_null()).height
    wrong = rows.filter(pl.col("planted").is_null()).height
    planted = rows.filter(pl.col("planted").is_not_null()).height
    both = rows.filter(pl.col("planted").is_not_null() & (pl.col("status") == "open"))
    low, key, high = (float(both[name].sum()) for name in ("low", "planted", "high"))
    return hits / max(hits + wrong, 1), hits / max(planted, 1), low, key, high


def _sum_up(rows: pl.DataFrame) -> str:
    precision, recall, low, planted, high = _scores(rows)
    return (
        f"precision {precision:.3f}, recall {recall:.3f}; saving a month planted {planted:,.0f},"
        f" said {low:,.0f} to {high:,.0f}"
    )


def _table(rows: pl.DataFrame) -> Iterator[str]:
    yield "| check | planted | found | wrong | precision | recall | saving planted | said |"
    yield "|---|---|---|---|---|---|---|---|"
    for (name,), own in sorted(rows.group_by("check"), key=lambda group: str(group[0])):
        precision, recall, low, planted, high = _scores(own)
        count = own["planted"].count()
        found = own.filter(pl.col("planted").is_not_null() & pl.col("status").is_not_null()).height
        yield (
            f"| `{name}` | {count} | {found} | {own.height - count} | {precision:.2f}"
            f" | {f'{recall:.2f}' if count else '-'} | {planted:,.0f} | {low:,.0f} to {high:,.0f} |"
        )


if __name__ == "__main__":
    main()
