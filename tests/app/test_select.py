"""Choosing instances: the command on a published home and on none, and the page."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import answer, call
from pages import opened

from app.market import of_catalogue
from app.selection import choose
from app.selection_words import sentence
from clouds.offers import offers, prices
from models.selection.market import Market
from models.selection.requirements import Range, Requirements
from pipelines.settings import load_settings
from warehouse.lake import Lake

NEED = ("--vcpus", "4..8", "--memory-gib", "16..")
PRICE = {"cloud", "region", "instance_type", "price_type", "usd_hour", "as_of", "source"}
MONEY = {"price_hour", "total_hour", "usd_hour", "disk_hour", "egress_hour", "licence_hour"}


@pytest.fixture(scope="module")
def catalogue() -> Market:
    return of_catalogue()


def test_without_a_home_the_packaged_prices_answer_and_that_is_said(tmp_path: Path) -> None:
    outcome = call("select", *NEED, "--limit", "5", "--json", home=tmp_path / "none")
    assert outcome.code == 0, outcome.stderr
    found = outcome.json
    assert "these are the packaged prices" in outcome.stderr
    assert not (tmp_path / "none").exists()
    assert found["snapshot"] is None
    assert len(found["offers"]) == 5
    costs = [Decimal(one["total_hour"]) for one in found["offers"]]
    assert costs == sorted(costs)
    for one in found["offers"]:
        assert set(one) >= PRICE
        assert all(one[name] is None or isinstance(one[name], str) for name in MONEY)
        assert 4 <= one["vcpus"] <= 8
        assert one["memory_gib"] >= 16
        assert one["marginal_hour"] is None
        assert "without a home" in one["unknown"]["marginal_hour"]
    assert found["accepted"] + max(found["rejected"].values()) <= found["considered"]
    assert {"vcpus", "memory_gib", "unknown vcpus"} <= set(found["rejected"])


def test_the_catalogue_s_answer_is_what_its_own_frames_say(catalogue: Market) -> None:
    asked = Requirements(
        {"vcpus": Range(4, 4), "memory_gib": Range(16, 16)},
        {"cloud": ("aws",), "region": ("us-east-1",), "price_type": ("on_demand",)},
    )
    found = choose(catalogue, asked, 500)
    listed = prices().filter(cloud="aws", region="us-east-1", os="linux", price_type="on_demand")
    sizes = offers().filter(cloud="aws", vcpus=4.0, memory_gib=16.0)
    expected = listed.join(sizes, on=["cloud", "instance_type"], how="semi")
    assert {(one["instance_type"], one["price_hour"]) for one in found.offers} == set(
        expected.select("instance_type", "price_hour").iter_rows()
    )
    assert found.accepted == expected.height > 30


def test_every_region_of_the_catalogue_has_a_country(catalogue: Market) -> None:
    query = "select cloud, region from place where country is null or continent is null"
    assert catalogue.connection.execute(query).fetchall() == []


def test_the_catalogue_knows_how_often_spot_is_taken_away(catalogue: Market) -> None:
    asked = Requirements(
        {"interruption_percent": Range(None, 5)},
        {"price_type": ("spot",), "region": ("us-east-1",), "cloud": ("aws",)},
        restart_hours=1.0,
    )
    found = choose(catalogue, asked, 10)
    assert found.accepted > 50
    for one in found.offers:
        assert one["interruption_high"] == 5
        lost = one["price_hour"] * Decimal("0.05") / Decimal("730.5")
        assert one["restart_hour"] == pytest.approx(lost, abs=Decimal("1e-9"))
        assert one["total_hour"] == one["price_hour"] + one["restart_hour"]


def test_a_published_home_answers_with_its_snapshot(demo_home: Path) -> None:
    found = answer("select", *NEED, "--limit", "3", home=demo_home)
    assert isinstance(found["snapshot"], int)
    assert [set(one) >= PRICE for one in found["offers"]] == [True] * 3


def test_our_own_machines_and_their_disks_are_on_offer_in_their_currency(demo_home: Path) -> None:
    options = ("--cloud", "onprem", "--currency", "EUR", "--disk-gib", "100")
    found = answer("select", "--vcpus", "4..", *options, home=demo_home)
    first = found["offers"][0]
    assert (first["cloud"], first["currency"], first["usd_hour"]) == ("onprem", "EUR", None)
    disk = Decimal(first["disk_gib_month"]) * 100 / Decimal("730.5")
    assert Decimal(first["disk_hour"]) == pytest.approx(disk, abs=Decimal("1e-9"))
    total = Decimal(first["price_hour"]) + Decimal(first["disk_hour"])
    assert Decimal(first["total_hour"]) == total


def test_a_commitment_whose_use_is_not_billed_leaves_the_price_unknown(demo_home: Path) -> None:
    query = "select region from marts.commitment_idle where cloud = 'gcp'"
    ((region,),) = answer("sql", query, home=demo_home)["rows"]
    found = answer("select", "--cloud", "gcp", "--region", region, home=demo_home)
    assert found["offers"][0]["marginal_hour"] is None
    assert "no bill says" in found["offers"][0]["unknown"]["marginal_hour"]


def test_a_price_that_no_bill_states_is_null_with_the_reason(demo_home: Path) -> None:
    place = ("--cloud", "aws", "--region", "sa-east-1")
    found = answer("select", *place, "--disk-gib", "10", home=demo_home)
    first = found["offers"][0]
    assert first["disk_hour"] is first["total_hour"] is None
    assert "states a price of disks in sa-east-1" in first["unknown"]["disk_hour"]
    assert found["near_misses"] == []


def machine(home: Path) -> dict[str, Any]:
    query = """select machine.resource_id as id, machine.sku, machine.region
        from marts.resource_now as machine
        join marts.metric_quantiles as cpu using (cloud, account, resource_id)
        where machine.cloud = 'aws' and machine.kind = 'instance' and cpu.window_days = 14
        and cpu.metric = 'cpu_percent' and cpu.coverage >= 0.8
        order by cpu.p99_max limit 1"""
    found = answer("sql", query, home=home)
    return dict(zip(found["columns"], found["rows"][0], strict=True))


def test_like_a_machine_keeps_its_place_and_its_unmeasured_memory(demo_home: Path) -> None:
    one = machine(demo_home)
    found = answer("select", "--like", one["id"], home=demo_home)
    assert found["like"]["instance_type"] == one["sku"]
    assert found["reasons"]
    assert {(o["cloud"], o["region"]) for o in found["offers"]} == {("aws", one["region"])}
    elsewhere = answer("select", "--like", one["id"], "--cloud", "azure", home=demo_home)
    assert {o["cloud"] for o in elsewhere["offers"]} == {"azure"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--region", "eu-wst-1"), "eu-west-1"),
        (("--arch", "arm"), "arm64, "),
        (("--vcpus", "8..4"), "8 is more than 4"),
        (("--latency-ms", "..9"), "the region that near names"),
        (("--near", "eu-wst-1"), "eu-west-1"),
        (("--currency", "XXX"), "Known: USD"),
        (("--feature", "hibernat"), "hibernation"),
        (("--like", "i-1"), "needs a home"),
        (("--from-abis", "/nonexistent.json"), "can't be read as JSON"),
        (("--vcpus", "4", "--cloud", "gcp", "--export", "abis"), "what fits is of gcp"),
        (("--from-ec2-selector", "--nope 1"), "no flag --nope"),
        (("--export", "karpenter"), "Give --cloud"),
        (("--disk-gib", "1e15"), "less than or equal to 1000000000"),
        (("--restart-hours", "inf"), "less than or equal to 1000000000"),
    ],
)
def test_what_can_t_be_understood_is_bad_input_that_says_what_can(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    outcome = call("select", *options, "--json", home=tmp_path)
    assert outcome.code == 2
    assert said in outcome.json["error"]["message"]
    assert "Traceback" not in outcome.stderr


def test_clean_grids_near_a_region_are_offered_and_what_relaxing_saves_is_told(
    tmp_path: Path,
) -> None:
    limits = ("--carbon-g-kwh", "..100", "--near", "EU-CENTRAL-1", "--latency-ms", "..30")
    found = call("select", *NEED, *limits, "--limit", "9", "--json", home=tmp_path).json
    assert {one["region"] for one in found["offers"]} <= {"eu-north-1", "eu-west-3"}
    for one in found["offers"]:
        assert one["carbon_g_kwh"] <= 100
        assert one["latency_ms"] <= 30
        assert one["near"] == "eu-central-1"
        assert one["carbon_source"] == "EEA"
    assert {"carbon_g_kwh", "latency_ms", "unknown carbon_g_kwh", "unknown latency_ms"} <= set(
        found["rejected"]
    )
    near = call(
        "select", *NEED, "--cloud", "azure", *("--near", "westeurope", "--latency-ms", "..9"),
        *("--carbon-g-kwh", "..330"), home=tmp_path,
    ).stdout  # fmt: skip
    assert "ms of round trip more would save $" in near
    assert "ms to westeurope" in " ".join(near.split())
    assert "latency unknown " in near


def test_what_no_source_states_of_a_region_is_unknown_with_the_reason(tmp_path: Path) -> None:
    options = ("--cloud", "digitalocean", "--limit", "1")
    (one,) = call("select", *options, "--json", home=tmp_path).json["offers"]
    assert one["carbon_g_kwh"] is one["latency_ms"] is one["near"] is None
    assert "grid" in one["unknown"]["carbon_g_kwh"]
    assert "latency_ms" not in one["unknown"]
    (one,) = call("select", *options, "--near", "eu-west-1", "--json", home=tmp_path).json["offers"]
    assert one["latency_ms"] is None
    assert "eu-west-1" in one["unknown"]["latency_ms"]
    assert "unknown" in call("select", *options, home=tmp_path).stdout


def test_where_a_machine_stands_is_no_word_of_an_export(tmp_path: Path) -> None:
    size = ("--vcpus", "4", "--memory-gib", "16..32", "--cloud", "aws", "--region", "eu-north-1")
    green = ("--carbon-g-kwh", "..100", "--near", "eu-west-1", "--latency-ms", "..50")
    for form in ("abis", "karpenter", "terraform"):
        plain, limited = (
            call("select", *options, "--export", form, "--json", home=tmp_path).json["content"]
            for options in (size, (*size, *green))
        )
        assert plain == limited


def test_an_unknown_machine_is_named_with_where_to_look(demo_home: Path) -> None:
    outcome = call("select", "--like", "i-nope", home=demo_home)
    assert outcome.code == 2
    assert "instance-select sql" in outcome.stderr


def test_exporting_nothing_is_refused_with_what_rejected_all(tmp_path: Path) -> None:
    outcome = call("select", "--vcpus", "5000..", "--export", "terraform", home=tmp_path)
    assert outcome.code == 1
    assert "Rejected: " in outcome.stderr


def test_a_cloud_without_prices_of_a_system_is_named(tmp_path: Path) -> None:
    asked = ("select", "--cloud", "aws", "--cloud", "azure")
    assert answer(*asked, home=tmp_path)["unpriced"] is None
    windows = answer(*asked, "--os", "windows", home=tmp_path)
    assert windows["offers"]
    told = "No prices of windows in USD are known of Azure; there are some of AWS."
    assert windows["unpriced"] == told
    assert told in call(*asked, "--os", "windows", home=tmp_path).stdout


@pytest.mark.parametrize("form", ["karpenter", "abis"])
def test_a_limit_of_the_price_is_exported_of_one_region_and_way_of_buying(
    form: str, tmp_path: Path
) -> None:
    """What costs 0.19 in one region costs 0.21 in another, and types are listed for both."""
    asked = (
        "select",
        "--cloud",
        "aws",
        "--vcpus",
        "4..",
        "--price-hour",
        "..0.2",
        "--export",
        form,
    )
    several = call(*asked, "--country", "EU", home=tmp_path)
    assert several.code == 2
    assert "Give one --region and one --price-type" in several.stderr
    here = ("--region", "eu-west-1")
    both = call(*asked, *here, "--price-type", "spot", "--price-type", "on_demand", home=tmp_path)
    assert "found eu-west-1; on_demand, spot" in both.stderr
    assert "t4g.xlarge" in call(*asked, *here, home=tmp_path).stdout


def test_exports_print_what_other_tools_take(tmp_path: Path) -> None:
    options = (*NEED, "--cloud", "aws", "--region", "us-east-1", "--no-burstable")
    abis = call("select", *options, "--export", "abis", home=tmp_path)
    assert json.loads(abis.stdout)["MemoryMiB"] == {"Min": 16384}
    file = tmp_path / "abis.json"
    file.write_text(abis.stdout)
    again = call(
        "select", "--from-abis", file, *options[4:8], "--limit", "1", "--json", home=tmp_path
    )  # fmt: skip
    direct = call("select", *options, "--limit", "1", "--json", home=tmp_path)
    assert again.json["offers"] == direct.json["offers"]
    pool = call("select", *options, "--export", "karpenter", home=tmp_path)
    assert yaml.safe_load(pool.stdout)["kind"] == "NodePool"
    snippet = call("select", *options, "--export", "terraform", "--json", home=tmp_path)
    assert 'resource "aws_instance"' in snippet.json["content"]


def test_people_read_a_table_and_near_misses_as_sentences(tmp_path: Path) -> None:
    text = call("select", *NEED, "--region", "us-east-1", home=tmp_path).stdout
    assert "prices fit." in text
    assert "Just missed:" in text
    assert " would save $" in text
    assert "packaged prices, no snapshot" in text
    nothing = call("select", "--vcpus", "5000..", home=tmp_path).stdout
    assert "fits." in nothing
    assert "would make this fit" in nothing


@pytest.mark.parametrize(
    ("constraint", "wanted", "value", "distance", "said"),
    [
        ("vcpus", "..4", "5", 1.0, "1 vCPU more would"),
        ("vcpus", "5000..", "416", 4584.0, "4,584 vCPUs less would"),
        ("region", "eu-*", "us-east-1", None, "Region us-east-1 instead of eu-*"),
        ("carbon_g_kwh", "..200", "278.6", 78.6, "78.6 g of CO2e per kWh more would"),
        ("latency_ms", "..20", "23", 3.0, "3 ms of round trip more would"),
        ("burstable", "no", "true", None, "A burstable CPU would"),
        ("features", "ena, efa", "ena ipv6", None, "Doing without efa"),
        ("not_features", "ena, efa, nvme", "efa ena ipv6", None, "Allowing ena and efa"),
        ("not_instance_type", "t*", "t3.x", None, "Allowing instance type t3.x"),
    ],
)
def test_each_kind_of_near_miss_reads_as_a_sentence(
    constraint: str, wanted: str, value: str, distance: float | None, said: str
) -> None:
    row = {
        "constraint": constraint, "wanted": wanted, "value": value, "distance": distance,
        "saving_month": "7.00", "currency": "EUR", "cloud": "aws", "region": "r",
        "instance_type": "t",
    }  # fmt: skip
    assert sentence(row).startswith(said)
    assert "would save €7.00 a month: t on AWS in r" in sentence(row)


def test_the_page_answers_what_is_asked(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(demo_home, "instances", monkeypatch)
    assert not app.exception
    app.multiselect(key="instances_cloud").set_value(["digitalocean"]).run()
    shown = app.dataframe[0].value
    assert set(shown["cloud"]) == {"DigitalOcean"}
    assert shown["price_hour_USD"].is_monotonic_increasing
    assert any(r"would save \$" in text.value for text in app.markdown)
    app.multiselect(key="instances_cloud").set_value([]).run()
    assert app.number_input(key="instances_latency").disabled
    app.number_input(key="instances_carbon").set_value(100.0).run()
    app.selectbox(key="instances_near").set_value("eu-central-1").run()
    app.number_input(key="instances_latency").set_value(30.0).run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert set(shown["region"]) <= {"eu-central-1", "eu-north-1", "eu-west-3"}
    assert max(shown["carbon_g_kwh"].tolist()) <= 100
    assert max(shown["latency_ms"].tolist()) <= 30
    app.number_input(key="instances_vcpus_low_2.0").set_value(5000.0).run()
    assert not app.exception
    assert any("Nothing fits." in text.value for text in app.markdown)


def test_like_a_machine_with_windows_is_priced_with_windows(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("one with windows") as write:
        (one,) = write.connection.execute(
            "select account, resource_id, cloud from marts.resource_now where kind = 'instance'"
            " and cloud = 'aws' and region = 'us-east-1' and arch = 'x86_64' order by all limit 1"
        ).fetchall()
        write.connection.execute(
            """update marts.resource_now set config = '{"os":"windows"}' where resource_id = ?""",
            one[1:2],
        )
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    found = answer("select", "--like", one[1], home=own_demo_home)
    assert {offer["os"] for offer in found["offers"]} == {"windows"}
    plain = answer("select", "--like", one[1], "--os", "linux", home=own_demo_home)
    assert {offer["os"] for offer in plain["offers"]} == {"linux"}, "as options say otherwise"
    app = opened(own_demo_home, "instances", monkeypatch)
    app.selectbox(key="instances_like_USD").set_value(("aws", *one[:2])).run()
    assert not app.exception
    shown = app.dataframe[0].value["price_hour_USD"].tolist()
    assert shown[0] == float(found["offers"][0]["price_hour"])


def test_machines_of_one_id_are_told_apart(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    priced = "region in (select region from marts.price where currency = 'USD')"
    with lake.write("hosts of one name") as write:
        (one, *_) = write.connection.execute(
            "select account, resource_id from marts.resource_now where kind = 'instance'"
            f" and cloud = 'aws' and vcpus is not null and {priced} order by all limit 1"
        ).fetchall()
        write.connection.execute(
            "insert into marts.resource_now select * replace ('elsewhere' as account)"
            " from marts.resource_now where account = ? and resource_id = ?",
            one,
        )
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    told = call("select", "--like", one[1], home=own_demo_home)
    assert told.code == 2
    for account in (one[0], "elsewhere"):
        name = f"aws/{account}/{one[1]}"
        assert name in told.stderr
        found = answer("select", "--like", name, "--limit", "1", home=own_demo_home)
        assert (found["like"]["account"], found["like"]["resource_id"]) == (account, one[1])
    app = opened(own_demo_home, "instances", monkeypatch)
    for account in (one[0], "elsewhere"):
        app.selectbox(key="instances_like_USD").set_value(("aws", account, one[1])).run()
        assert not app.exception
        assert any(" and needs " in text.value for text in app.caption)
    names = app.selectbox(key="instances_like_USD").options
    assert len(set(names)) == len(names), "somebody can't tell which is which"
