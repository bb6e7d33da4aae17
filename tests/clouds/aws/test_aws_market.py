"""Prices and commitments, of which moto knows little: answers checked by the SDK's own models.

The Price List, savings plans and reservations are not in moto: the payloads here are written after
AWS's documentation and validated by botocore's Stubber, and were never seen from a live account.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from aws_emulator import HOME, Emulator, Fault, to
from aws_source import NOW, cloud_of
from botocore.stub import Stubber

from clouds.aws import commitments, prices
from clouds.aws.access import Account
from clouds.aws.place import Place
from clouds.aws.savings_rates import fetch_rates, parse_rates
from clouds.cloud import COMMITMENT_SCHEMA, PRICE_SCHEMA
from clouds.errors import CloudError
from clouds.sweep import frame

WEST = "eu-west-1"


class Stubbed(Account):
    """An account whose clients answer with payloads that fit the service's model."""

    def answer(self, service: str, operation: str, *answers: Mapping[str, Any]) -> None:
        client = boto3.client(
            service, region_name=WEST, aws_access_key_id="x", aws_secret_access_key="x"
        )
        stubber = Stubber(client)
        for each in answers:
            stubber.add_response(operation, each)
        stubber.activate()
        self._clients |= {(service, region): client for region in (WEST, self.home)}


def product(
    instance: str,
    system: str,
    usd: str,
    unit: str = "Hrs",
    reserved: Mapping[str, Any] | None = None,
) -> str:
    """One entry of the Price List, in the format aws_v1."""
    code = "ABC.JRTCKXETXF"
    dimension = {
        "rateCode": f"{code}.6YS6EN2CT7", "unit": unit, "pricePerUnit": {"USD": usd},
        "description": "", "appliesTo": [], "beginRange": "0", "endRange": "Inf",
    }  # fmt: skip
    return json.dumps({
        "product": {
            "productFamily": "Compute Instance", "sku": "ABC",
            "attributes": {"instanceType": instance, "regionCode": WEST, "vcpu": "2",
                           "operatingSystem": system, "tenancy": "Shared"},
        },
        "serviceCode": "AmazonEC2", "version": "20261110",
        "publicationDate": "2026-11-10T05:06:07Z",
        "terms": {"OnDemand": {code: {
            "sku": "ABC", "effectiveDate": "2026-11-01T00:00:00Z", "termAttributes": {},
            "priceDimensions": {f"{code}.6YS6EN2CT7": dimension},
        }}, "Reserved": reserved or {}},
    })  # fmt: skip


def term(length: str, option: str, usd: str, offering: str = "standard") -> dict[str, Any]:
    """A reservation of the Price List; some have a fee upfront beside the hours."""
    code = f"ABC.{length}{option}{offering}"
    hours = {"rateCode": code, "unit": "Hrs", "pricePerUnit": {"USD": usd}, "description": ""}
    fee = {**hours, "unit": "Quantity", "pricePerUnit": {"USD": "280"}}
    return {code: {
        "sku": "ABC", "effectiveDate": "2026-11-01T00:00:00Z",
        "priceDimensions": {"h": hours} | ({} if option == "No Upfront" else {"q": fee}),
        "termAttributes": {"LeaseContractLength": length, "PurchaseOption": option,
                           "OfferingClass": offering},
    }}  # fmt: skip


def test_list_prices_keep_their_date_and_source() -> None:
    account = Stubbed(HOME, None, WEST)
    pages = [
        {"PriceList": [product("m5.large", "Linux", "0.1070000000"),
                       product("m5.large", "Linux", "0.0000000000")], "NextToken": "more"},
        {"PriceList": [product("m5.xlarge", "Linux", "0.2140000000"),
                       product("m5.large", "Linux", "9", unit="Quantity")]},
        {"PriceList": [product("m5.large", "Windows", "0.1990000000")]},
    ]  # fmt: skip
    account.answer("pricing", "get_products", *pages)
    found = [
        row for page in prices.fetch_list(Place(account, WEST)) for row in prices.parse_list(page)
    ]
    rows = frame(PRICE_SCHEMA, found).select("instance_type", "os", "price_hour", "as_of", "source")
    day = date(2026, 11, 10)
    assert rows.rows() == [
        ("m5.large", "linux", Decimal("0.107"), day, "aws-price-list"),
        ("m5.xlarge", "linux", Decimal("0.214"), day, "aws-price-list"),
        ("m5.large", "windows", Decimal("0.199"), day, "aws-price-list"),
    ]


def test_reservations_without_upfront_are_prices_by_their_term() -> None:
    sold = {
        **term("1yr", "No Upfront", "0.067"), **term("3yr", "No Upfront", "0.046"),
        **term("1yr", "Partial Upfront", "0.032"), **term("1yr", "All Upfront", "0.0"),
        **term("1yr", "No Upfront", "0.074", offering="convertible"),
    }  # fmt: skip
    page = {"PriceList": [product("m5.large", "Linux", "0.107", reserved=sold)]}
    rows = frame(PRICE_SCHEMA, prices.parse_list(page))
    assert rows.select("price_type", "price_hour", "quality").rows() == [
        ("on_demand", Decimal("0.107"), "ok"),
        ("reservation_1y", Decimal("0.067"), "no_upfront"),
        ("reservation_3y", Decimal("0.046"), "no_upfront"),
    ]


def test_the_cheapest_zones_newest_spot_price_counts() -> None:
    account = Stubbed(HOME, None, WEST)
    history = [
        {"AvailabilityZone": f"{WEST}{zone}", "InstanceType": "m5.large", "SpotPrice": price,
         "ProductDescription": system, "Timestamp": datetime(2026, 11, 19, tzinfo=UTC)}
        for zone, price, system in (("a", "0.05", "Linux/UNIX"), ("b", "0.04", "Linux/UNIX"),
                                    ("a", "0.09", "Windows"), ("a", "0.01", "SUSE Linux"))
    ]  # fmt: skip
    account.answer("ec2", "describe_spot_price_history", {"SpotPriceHistory": history})
    found = [
        row
        for page in prices.fetch_spot(Place(account, WEST), NOW)
        for row in prices.parse_spot(page, WEST)
    ]
    rows = prices.cheapest(frame(PRICE_SCHEMA, found)).select("os", "price_hour", "quality")
    assert rows.rows() == [
        ("linux", Decimal("0.04"), "cheapest_zone"), ("windows", Decimal("0.09"), "cheapest_zone"),
    ]  # fmt: skip


def rate(plan: str, years: int, amount: str, system: str = "Linux/UNIX") -> dict[str, Any]:
    """One rate of a savings plan, after AWS's documentation."""
    facts = {"region": WEST, "instanceType": "m5.large", "instanceFamily": "m5",
             "productDescription": system, "tenancy": "shared"}  # fmt: skip
    return {
        "savingsPlanOffering": {
            "offeringId": "0af1", "paymentOption": "No Upfront", "planType": plan,
            "durationSeconds": years * 31_536_000, "currency": "USD", "planDescription": "",
        },
        "rate": amount, "unit": "Hrs", "productType": "EC2", "serviceCode": "AmazonEC2",
        "usageType": "EUW1-BoxUsage:m5.large", "operation": "RunInstances",
        "properties": [{"name": name, "value": value} for name, value in facts.items()],
    }  # fmt: skip


def test_rates_of_savings_plans_are_prices_by_plan_and_term() -> None:
    account = Stubbed(HOME, None, WEST)
    pages = [
        {"searchResults": [rate("Compute", 1, "0.0770"), rate("Compute", 3, "0.0530")],
         "nextToken": "more"},
        {"searchResults": [rate("EC2Instance", 1, "0.0670"),
                           rate("Compute", 1, "0.1690", "Windows"),
                           rate("Compute", 1, "0.5", "SUSE Linux")]},
    ]  # fmt: skip
    account.answer("savingsplans", "describe_savings_plans_offering_rates", *pages)
    found = [
        row for page in fetch_rates(Place(account, WEST)) for row in parse_rates(page, NOW.date())
    ]
    rows = frame(PRICE_SCHEMA, found).select("region", "os", "price_type", "price_hour", "quality")
    assert rows.rows() == [
        (WEST, "linux", "sp_1y", Decimal("0.077"), "no_upfront"),
        (WEST, "linux", "sp_3y", Decimal("0.053"), "no_upfront"),
        (WEST, "linux", "sp_instance_1y", Decimal("0.067"), "no_upfront"),
        (WEST, "windows", "sp_1y", Decimal("0.169"), "no_upfront"),
    ]


def test_only_what_aws_says_is_a_price() -> None:
    account = Stubbed(HOME, None, WEST)
    rates = {"searchResults": [rate("Compute", 1, "0.36")]}
    account.answer("savingsplans", "describe_savings_plans_offering_rates", rates)
    account.answer("ec2", "describe_spot_price_history", {"SpotPriceHistory": []})
    account.answer(
        "pricing", "get_products", {"PriceList": [product("m5.large", "Linux", "0.5")]},
        {"PriceList": []},
    )  # fmt: skip
    found = prices.prices(account, [WEST], NOW)
    assert found.select("region", "instance_type", "price_type", "price_hour", "source").rows() == [
        (WEST, "m5.large", "on_demand", Decimal("0.5"), "aws-price-list"),
        (WEST, "m5.large", "sp_1y", Decimal("0.36"), "aws-savings-plan-rates"),
    ]


def test_prices_that_can_not_be_read_are_an_error_of_ours(aws: Emulator) -> None:
    with pytest.raises(CloudError, match="pricing:GetProducts"):
        cloud_of(aws, regions=[WEST]).prices()


def test_savings_plans_have_their_bills_id_and_hourly_commitment() -> None:
    account = Stubbed(HOME, None, WEST)
    plan = {
        "savingsPlanId": "sp-1", "savingsPlanArn": f"arn:aws:savingsplans::{HOME}:savingsplan/sp-1",
        "start": "2026-01-02T03:04:05.000Z", "end": "2027-01-02T03:04:04.000Z", "state": "active",
        "savingsPlanType": "Compute", "paymentOption": "No Upfront", "currency": "USD",
        "commitment": "1.25", "upfrontPaymentAmount": "0.0", "recurringPaymentAmount": "1.25",
    }  # fmt: skip
    family = {**plan, "savingsPlanType": "EC2Instance", "region": WEST, "ec2InstanceFamily": "m5"}
    account.answer(
        "savingsplans", "describe_savings_plans",
        {"savingsPlans": [plan], "nextToken": "more"}, {"savingsPlans": [family]},
    )  # fmt: skip
    place = Place(account, "global")
    found = [
        row
        for page in commitments.fetch_savings_plans(place)
        for row in commitments.parse_savings_plans(page, place)
    ]
    first, second = frame(COMMITMENT_SCHEMA, found).rows(named=True)
    assert first["commitment_id"] == plan["savingsPlanArn"]
    assert (first["hourly_cost"], first["covers"]) == (Decimal("1.25"), None)
    assert first["starts_at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert (second["region"], second["covers"]) == (WEST, "m5")


@pytest.mark.parametrize("state", ["payment-failed", "queued-deleted", "returned"])
def test_what_was_never_paid_or_was_taken_back_is_not_owned(state: str) -> None:
    place = Place(Stubbed(HOME, None, WEST), WEST)
    for parse, page in (
        (commitments.parse_savings_plans, {"savingsPlans": [{"state": state}]}),
        (commitments.parse_instances, {"ReservedInstances": [{"State": state}]}),
        (commitments.parse_databases, {"ReservedDBInstances": [{"State": state}]}),
    ):
        assert list(parse(page, place)) == []


def test_a_savings_plan_for_models_or_databases_covers_no_instances() -> None:
    plan = {"savingsPlanArn": "sp", "savingsPlanType": "SageMaker", "commitment": "1",
            "currency": "USD", "state": "active"}  # fmt: skip
    place = Place(Stubbed(HOME, None, WEST), "global")
    (found,) = commitments.parse_savings_plans({"savingsPlans": [plan]}, place)
    assert found["covers"] == "SageMaker"


def test_reservations_cost_their_upfront_payment_over_the_term() -> None:
    account = Stubbed(HOME, None, WEST)
    year = 365 * 24 * 3600
    reserved = {
        "ReservedInstancesId": "ri-1", "InstanceType": "m5.large", "InstanceCount": 3,
        "Duration": year, "Start": datetime(2026, 1, 1, tzinfo=UTC), "FixedPrice": 87.6,
        "UsagePrice": 0.0, "RecurringCharges": [{"Amount": 0.03, "Frequency": "Hourly"}],
        "CurrencyCode": "USD", "State": "active", "Scope": "Region",
    }  # fmt: skip
    account.answer("ec2", "describe_reserved_instances", {"ReservedInstances": [reserved]})
    database = {
        "ReservedDBInstanceArn": f"arn:aws:rds:{WEST}:{HOME}:ri:db-1", "Duration": year,
        "DBInstanceClass": "db.r5.large", "DBInstanceCount": 1, "FixedPrice": 876.0,
        "StartTime": datetime(2026, 2, 1, tzinfo=UTC), "CurrencyCode": "USD",
        "RecurringCharges": [],
    }  # fmt: skip
    account.answer("rds", "describe_reserved_db_instances", {"ReservedDBInstances": [database]})
    place = Place(account, WEST)
    [page] = commitments.fetch_instances(place)
    [instance] = commitments.parse_instances(page, place)
    assert instance["commitment_id"] == f"arn:aws:ec2:{WEST}:{HOME}:reserved-instances/ri-1"
    assert (instance["quantity"], instance["hourly_cost"]) == (3.0, Decimal("0.12"))
    assert instance["ends_at"] == datetime(2027, 1, 1)
    [page] = commitments.fetch_databases(place)
    [found] = commitments.parse_databases(page, place)
    assert (found["covers"], found["hourly_cost"]) == ("db.r5.large", Decimal("0.1"))


def test_commitments_that_can_not_be_read_are_reported(aws: Emulator) -> None:
    aws.faults.append(Fault(to("savingsplans"), 501, "NotImplemented"))
    found = cloud_of(aws, regions=[WEST]).commitments()
    assert {failure.kind for failure in found.failed} == {"reservation", "savings_plan"}
    assert found.rows.is_empty()
    assert dict(found.rows.schema) == dict(COMMITMENT_SCHEMA)
