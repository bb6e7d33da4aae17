"""What a source may say about our own machines, what is told about it, and what it may cost."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from onprem_card import CARD, card
from onprem_servers import need_libvirt

from clouds import load
from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA, WANTED_SCHEMA
from clouds.errors import UnknownOption, Unreadable
from clouds.onprem import connect
from clouds.onprem.domains import parse_domain
from clouds.onprem.prices import Size, offers, prices, sizes

FLEET = Path(__file__).with_name("fleet.xml")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"hosts": [{"name": "a", "url": "test:///default"}]}, "a host has url"),
        ({"hosts": [{"name": "a"}]}, "a host has no uri"),
        ({"hosts": ["test:///default"]}, "hosts"),
        ({"hosts": [{"name": "a", "uri": "x:///"}, {"name": "a", "uri": "y:///"}]}, "named a"),
        ({"queries": {"window": "soon"}}, "queries.window"),
        ({"ratecard": "x"}, "ratecard"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_by_name(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UnknownOption) as error:
        load("onprem", **options)
    assert told in str(error.value)


def test_without_options_everything_is_empty_and_says_why(tmp_path: Path) -> None:
    cloud = connect()
    assert {"commitments", "invoices", "changes"} == set(cloud.cannot)
    assert list(cloud.bills(tmp_path).paths) == []
    [failure] = cloud.inventory().failed
    assert "option 'hosts'" in failure.reason
    nothing = pl.DataFrame(schema=dict(WANTED_SCHEMA))
    assert list(cloud.metrics(nothing, datetime(2026, 11, 1))) == []
    for frame in (cloud.offers(), cloud.prices(), cloud.commitments().rows, cloud.invoices().rows):
        assert frame.is_empty()
    told = {finding.ability: finding.detail for finding in cloud.examine() if finding.ok}
    assert {ability: detail.split("'")[1] for ability, detail in told.items()} == {
        "inventory": "hosts", "metrics": "prometheus", "prices": "rate_card",
    }  # fmt: skip


def test_a_folder_of_focus_files_is_taken_as_before(tmp_path: Path) -> None:
    assert list(connect(bills=str(tmp_path)).bills(tmp_path / "kept").paths) == [tmp_path]
    with pytest.raises(Unreadable, match="does not exist"):
        connect(bills=str(tmp_path / "none")).bills(tmp_path)


def test_doctor_is_told_what_to_do_about_each_part(tmp_path: Path) -> None:
    need_libvirt()
    (tmp_path / "card.yaml").write_text(CARD)
    cloud = connect(
        hosts=[
            {"name": "kvm-1", "uri": f"test://{FLEET}"},
            {"name": "kvm-9", "uri": "qemu+unix:///system?socket=/nowhere"},
        ],
        prometheus="http://reader:secret@127.0.0.1:9",
        rate_card=str(tmp_path / "card.yaml"),
        bills=str(tmp_path / "none"),
        account="dc",
    )
    found = list(cloud.examine())
    assert [(f.ability, f.ok) for f in found] == [
        ("credentials", True), ("inventory", True), ("inventory", False), ("metrics", False),
        ("bills", False), ("prices", True), ("bills", False),
    ]  # fmt: skip
    assert all((finding.fix is None) == finding.ok for finding in found)
    assert "virsh --readonly" in str(found[2].fix)
    assert "kvm-9" in str(found[4].fix)
    assert "secret" not in repr(found) + repr(cloud)


def test_the_sizes_in_use_and_their_halves_are_on_offer() -> None:
    xml = (
        "<domain><name>a</name><uuid>u</uuid><memory unit='GiB'>12</memory><vcpu>4</vcpu>"
        "<os><type arch='x86_64'>hvm</type></os></domain>"
    )
    found = sizes([parse_domain(xml, 1), parse_domain(xml, 5)])
    assert found == [Size(1, 3072, "x86_64"), Size(2, 6144, "x86_64"), Size(4, 12288, "x86_64")]
    frame = offers(found)
    assert dict(frame.schema) == dict(OFFER_SCHEMA)
    assert frame["instance_type"].to_list() == ["vm-1-3", "vm-2-6", "vm-4-12"]
    assert set(frame["family"]) == {"vm-x3"}
    assert frame["gpu_count"].to_list() == [None, None, None]  # libvirt was not asked


def test_a_size_costs_what_its_vcpus_and_memory_do() -> None:
    found = [Size(2, 4096, None), Size(4, 8192, None)]
    frame = prices(card(), date(2026, 11, 20), found, {"kvm-1": "fra", "kvm-2": "ber"}, "dc")
    assert dict(frame.schema) == dict(PRICE_SCHEMA)
    by = {(row[1], row[2]): row[6] for row in frame.iter_rows()}
    assert set(by) == {(r, s) for r in ("fra", "ber") for s in ("vm-2-4", "vm-4-8")}
    assert abs(by["fra", "vm-4-8"] - 2 * by["fra", "vm-2-4"]) <= Decimal("2E-9")
    assert by["fra", "vm-2-4"] > by["ber", "vm-2-4"]  # it bears two thirds of the staff
    # kvm-2: (18400 / 60 + 90 + 1000 / 3) / 30 + 0.42 * 24 * 1.4 * 0.287 a day
    day = (Decimal(18400) / 60 + 90 + Decimal(1000) / 3) / 30 + Decimal("0.42") * 24 * Decimal(
        "1.4"
    ) * Decimal("0.287")
    expected = day / 24 * (Decimal("0.7") * 2 / 64 + Decimal("0.3") * 4 / 512)
    assert abs(by["ber", "vm-2-4"] - expected) < Decimal("0.00001")
    assert set(frame["source"]) == {"rate card"}


def test_a_price_is_only_known_while_its_rates_hold() -> None:
    found = [Size(2, 4096, None)]
    assert prices(card(), date(2026, 8, 31), found, {}, "dc").is_empty()


def test_offers_and_prices_are_those_of_the_hosts(tmp_path: Path) -> None:
    need_libvirt()
    (tmp_path / "card.yaml").write_text(CARD.replace("2026-09-01", "2020-01-01"))
    cloud = connect(
        hosts=[{"name": "kvm-1", "uri": f"test://{FLEET}", "region": "fra"}],
        rate_card=str(tmp_path / "card.yaml"),
    )
    offered = set(cloud.offers()["instance_type"])
    assert offered == {"vm-1-1", "vm-1-2", "vm-2-2", "vm-2-4", "vm-4-8"}
    assert set(cloud.prices()["instance_type"]) == offered
