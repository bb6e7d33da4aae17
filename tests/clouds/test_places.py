"""What the catalogue says of regions: the carbon of their grid, and round trips between them."""

import csv
from collections import Counter
from functools import cache

import duckdb
import pytest

from clouds.packaged import packaged

SLOWEST, FASTEST = 450, 2  # ms around the world, and to the next region
GLASS = 200  # km that light goes in a ms
NOT_ON_OFFER = {("azure", "belgiumcentral"), ("azure", "denmarkeast")}  # measured, no price known


@cache
def rows(file: str) -> list[dict[str, str]]:
    with packaged(file).open() as lines:
        return list(csv.DictReader(lines))


@cache
def trips() -> list[tuple[str, str, str, float]]:
    return duckdb.read_parquet(str(packaged("round_trips.parquet"))).fetchall()


@cache
def known() -> set[tuple[str, str]]:
    return {(one["cloud"], one["region"]) for one in rows("regions.csv")}


def test_each_region_has_one_grid_and_is_one_of_the_catalogue() -> None:
    regions = Counter((one["cloud"], one["region"]) for one in rows("carbon.csv"))
    assert set(regions) <= known()
    assert set(regions.values()) == {1}


def test_grids_emit_between_next_to_nothing_and_what_coal_does() -> None:
    for one in rows("carbon.csv"):
        assert 1 < float(one["carbon_g_kwh"]) < 1000, one
        assert one["source"], one
        assert one["year"] in ("", "2020", "2021", "2025"), one
        is_google = one["cloud"] == "gcp"
        assert bool(one["carbon_free_percent"]) == is_google, one
        assert not is_google or 0 <= int(one["carbon_free_percent"]) <= 100, one


@pytest.mark.parametrize(("cloud", "unknown"), [("aws", 11), ("azure", 12), ("gcp", 0)])
def test_of_most_regions_the_grid_is_known(cloud: str, unknown: int) -> None:
    stated = {one["region"] for one in rows("carbon.csv") if one["cloud"] == cloud}
    assert len({region for of, region in known() if of == cloud} - stated) == unknown


def test_each_pair_is_told_once_between_regions_of_the_catalogue() -> None:
    pairs = Counter((cloud, region, other) for cloud, region, other, _ in trips())
    assert set(pairs.values()) == {1}
    assert all(region < other for _, region, other in pairs)
    ends = {(cloud, end) for cloud, *two in pairs for end in two}
    assert ends - known() == NOT_ON_OFFER


def test_of_each_cloud_every_pair_of_its_measured_regions_is_known() -> None:
    for cloud in {one[0] for one in trips()}:
        pairs = [one[1:3] for one in trips() if one[0] == cloud]
        ends = {end for pair in pairs for end in pair}
        assert len(pairs) == len(ends) * (len(ends) - 1) / 2


def test_nothing_is_faster_than_light_nor_slower_than_a_detour() -> None:
    ms = {trip[:3]: trip[3] for trip in trips()}
    assert all(FASTEST < one < SLOWEST for one in ms.values())
    assert ms["aws", "eu-west-1", "us-east-1"] > 2 * 5_400 / GLASS
    assert ms["azure", "australiaeast", "uksouth"] > 2 * 17_000 / GLASS
    assert ms["gcp", "europe-west1", "europe-west4"] < 15
