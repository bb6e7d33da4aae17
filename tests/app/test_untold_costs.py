"""Commands say where bills tell no cost of what commitments cover, as pages do."""

import csv
from datetime import datetime
from pathlib import Path

from command_line import answer, call

from pipelines.settings import load_settings
from warehouse.build import build
from warehouse.lake import Lake

SAMPLES = Path(__file__).parents[1] / "samples"
SAID = "Effective cost is too low: the bills of"


def test_ingest_says_it_of_what_it_loads(tmp_path: Path) -> None:
    with (SAMPLES / "EA_ActualCost_Small.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    free = {"Cost": "0", "EffectivePrice": "0", "PayGPrice": "2", "UnitPrice": "2"}
    (usage, *_) = [line for line in lines if line["ChargeType"] == "Usage"]
    lines.append({**usage, **free, "ReservationId": "r-1", "PricingModel": "Reservation"})
    actual = tmp_path / "actual.csv"
    with actual.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    home = tmp_path / "home"
    (told,) = answer("ingest", actual, home=home)["warnings"]
    assert told.startswith(f"{SAID} Azure (Sep 2023) tell no cost of what commitments cover")
    assert SAID in call("ingest", actual, "--replace-feed", home=home).stdout
    amortized = SAMPLES / "EA_AmortizedCost_Small.csv"
    assert answer("ingest", amortized, "--replace-feed", home=home)["warnings"] == []


def test_budgets_statements_and_allocation_say_it(own_demo_home: Path, tmp_path: Path) -> None:
    lake = Lake(load_settings(own_demo_home))
    as_of = lake.published().as_of
    with lake.write("actual cost") as write:
        write.connection.execute(
            "update raw.focus set EffectiveCost = 0 where x_cloud = 'aws'"
            " and CommitmentDiscountId is not null and ChargePeriodStart >= '2026-10-01'"
        )
        build(write.connection, as_of)
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))
    lake.close()
    told = f"{SAID} AWS (Oct 2026 to Nov 2026) tell no cost"
    answer("budget", "set", "all", "--amount", "9", "--currency", "USD", home=own_demo_home)
    (warning,) = answer("budget", "list", home=own_demo_home)["warnings"]
    assert warning.startswith(told)
    assert SAID in call("budget", "list", home=own_demo_home).stdout

    asked = ("showback", "--team", "web", "--month")
    (warning,) = answer(*asked, "2026-10", home=own_demo_home)["statement"]["warnings"]
    assert warning.startswith(told)
    page = tmp_path / "web.html"
    assert SAID in call(*asked, "2026-10", "--out", page, home=own_demo_home).stdout
    assert told in page.read_text()
    assert answer(*asked, "2026-09", home=own_demo_home)["statement"]["warnings"] == []
    for month, said in (("2026-10", told), ("2026-09", "")):
        file = tmp_path / f"{month}.csv"
        answer(*asked, month, "--out", file, home=own_demo_home)
        with file.open(newline="") as text:
            assert {row["warnings"][: len(told)] for row in csv.DictReader(text)} == {said}

    rules = tmp_path / "rules.yaml"
    rules.write_text("allocation:\n  rules:\n  - to: {tag: team}\n")
    for what in (("allocation",), ("allocation", "test", rules)):
        (warning,) = answer(*what, "--month", "2026-10", home=own_demo_home)["warnings"]
        assert warning.startswith(told)
        assert SAID in call(*what, home=own_demo_home).stdout
        assert answer(*what, "--month", "2026-09", home=own_demo_home)["warnings"] == []
