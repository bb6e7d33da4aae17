"""Run all checks on a generated estate: seconds, memory, and growth with its size.

Counted are the marts that checks read and the checks themselves; not the generating of the estate:
resources with four measurements for each hour of 32 days, and 40 days of bills. Beside it the raw
engine reads the same measurements once, for one quantile of each series. Passes if 20,000 resources
take at most 60 s and 6 GiB on two cores, and from the fewest to the most no more than 1.25 times
the time of growth in line with their number.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

from actions.recommend import recommend
from actions.replay import needed
from clouds.offers import offers, prices
from warehouse.build import build
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

AS_OF = datetime(2026, 11, 1)
ACCEPTED = 20_000  # resources, for which the limits hold
MOST_SECONDS, MOST_GIB, MOST_GROWTH = 60.0, 6.0, 1.25
SQL = Path(__file__).with_name("checks_estate.sql")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--resources", type=int, nargs="+", default=[1_000, 2_000],
        help="10000 20000 in the acceptance",
    )  # fmt: skip
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_one(given.one)))
        return
    raise SystemExit(_judge([_child(count) for count in given.resources]))


def _child(resources: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", str(resources)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _one(resources: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(LakeSettings(home=Path(home)))
        with lake.write("estate") as write:
            for name, frame in {"offer": offers(), "price": prices()}.items():
                write.connection.register("packaged", frame.to_arrow())
                write.connection.execute(f"insert into raw.{name} by name select * from packaged")
                write.connection.unregister("packaged")
            write.connection.execute(f"set variable resources = {resources}")
            write.connection.execute(f"set variable as_of = timestamp '{AS_OF}'")
            write.connection.execute(SQL.read_text())
        started = perf_counter()
        with lake.write("checks") as write:
            build(write.connection, AS_OF, needed())
            built = perf_counter()
            found = recommend(write.connection, as_of=AS_OF, snapshot=1)
        done = perf_counter()
        with lake.latest() as connection:
            connection.execute(
                "create temp table once as select resource_id, metric, quantile_cont(max, 0.95)"
                " from raw.metric group by all"
            )
        raw = perf_counter() - done
        lake.close()
    return {
        "resources": resources, "findings": found.height, "marts": built - started,
        "checks": done - built, "raw": raw, "gib": getrusage(RUSAGE_SELF).ru_maxrss / 2**20,
    }  # fmt: skip


def _judge(results: list[dict[str, float]]) -> int:
    print(
        f"{'resources':>10} {'findings':>9} {'marts s':>8} {'checks s':>9} {'raw s':>7} {'GiB':>5}"
    )
    for r in results:
        print(f"{r['resources']:>10,} {r['findings']:>9,} {r['marts']:>8.1f} {r['checks']:>9.1f}"
              f" {r['raw']:>7.1f} {r['gib']:>5.1f}")  # fmt: skip
    fewest, most = results[0], results[-1]
    seconds = most["marts"] + most["checks"]
    growth = seconds / (fewest["marts"] + fewest["checks"])
    growth /= most["resources"] / fewest["resources"]
    scale = max(most["resources"] / ACCEPTED, 1.0)
    missed = seconds > MOST_SECONDS * scale or most["gib"] > MOST_GIB
    missed = missed or (most["resources"] >= ACCEPTED and growth > MOST_GROWTH)
    each = 1000 * seconds / most["resources"]
    print(f"time grows {growth:.2f} of linear; a resource takes {each:.2f} ms,")
    print(f"{seconds / most['raw']:.1f} times what one pass of the raw engine takes")
    print("MISSED" if missed else "met")
    return int(missed)


if __name__ == "__main__":
    main()
