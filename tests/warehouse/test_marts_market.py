"""Which of several stated prices and sizes is reckoned with, and where sources disagree."""

from typing import Any

import pytest
from estate import d, day, mart


def price(read_by: str | None, amount: str, as_of: str, **columns: Any) -> dict[str, Any]:
    return {
        "read_by": read_by, "cloud": "aws", "region": "eu-west-1", "instance_type": "m5.large",
        "os": "linux", "price_type": "on_demand", "currency": "USD", "price_hour": d(amount),
        "as_of": day(as_of), "source": f"list of {read_by}", **columns,
    }  # fmt: skip


PACKAGED = price(None, "0.100", "2026-03-01")


def test_what_a_source_has_read_goes_before_what_is_packaged_even_if_it_is_dated_earlier() -> None:
    (found,) = mart("price", raw_price=[PACKAGED, price("ours", "0.107", "2026-01-15")])
    assert (found["read_by"], found["price_hour"]) == ("ours", d("0.107"))


def test_of_two_sources_the_newer_price_counts() -> None:
    prices = [price("a", "0.1", "2026-03-02"), price("b", "0.2", "2026-03-03")]
    assert [row["price_hour"] for row in mart("price", raw_price=prices)] == [d("0.2")]


def test_a_price_that_no_source_has_read_is_the_packaged_one() -> None:
    other = price("ours", "0.107", "2026-03-02", region="us-east-1")
    found = mart("price", order="region", raw_price=[PACKAGED, other])
    assert [row["price_hour"] for row in found] == [d("0.1"), d("0.107")]


@pytest.mark.parametrize(
    ("other", "columns", "is_told"),
    [
        ("0.1021", {}, True),
        ("0.0979", {}, True),
        ("0.102", {}, False),  # exactly 2 %
        ("0.2", {"currency": "EUR"}, False),
        ("0.2", {"price_type": "spot"}, False),
        ("0.2", {"os": "windows"}, False),
    ],
)
def test_sources_that_disagree_by_more_than_two_percent_are_told(
    other: str, columns: dict[str, Any], is_told: bool
) -> None:
    prices = [price("ours", "0.1", "2026-03-02"), price("theirs", other, "2026-03-01", **columns)]
    found = mart("price_disagreement", raw_price=prices)
    assert [(row["read_by"], row["other_read_by"]) for row in found] == [
        ("ours", "theirs")
    ] * is_told
    if is_told:
        assert found[0]["difference"] == pytest.approx(float(other) / 0.1 - 1)


def test_a_size_that_a_source_has_read_goes_before_the_packaged_one() -> None:
    size = {"cloud": "aws", "instance_type": "m5.large", "source": "a"}
    offers = [{**size, "read_by": None, "vcpus": 2}, {**size, "read_by": "ours", "vcpus": 4}]
    assert [row["vcpus"] for row in mart("offer", raw_offer=offers)] == [4]
    resource = {"source": "ours", "cloud": "aws", "resource_id": "i-1", "sku": "m5.large"}
    (found,) = mart("resource_now", raw_offer=offers, raw_resource=[resource])
    assert found["vcpus"] == 4
