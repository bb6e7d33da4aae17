"""What instances would cost by the hour under a savings plan that is paid without upfront."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from clouds.aws.place import Payload, Place

SOURCE = "aws-savings-plan-rates"
PLANS = {"Compute": "sp", "EC2Instance": "sp_instance"}  # the second is bound to family and region
YEAR = 365 * 24 * 3600  # seconds, as AWS counts the duration of an offering
TERMS = {YEAR: "1y", 3 * YEAR: "3y"}
SYSTEMS = {"Linux/UNIX": "linux", "Windows": "windows"}
MOST = 1000  # results of one answer


def fetch_rates(place: Place) -> Iterator[Payload]:
    """Pages of the rates of plain instances of one region; the SDK has no paginator for them."""
    wanted = {"region": [place.region], "tenancy": ["shared"], "productDescription": list(SYSTEMS)}
    given: dict[str, Any] = {
        "savingsPlanPaymentOptions": ["No Upfront"],
        "savingsPlanTypes": list(PLANS),
        "products": ["EC2"],
        "serviceCodes": ["AmazonEC2"],
        "filters": [{"name": name, "values": values} for name, values in wanted.items()],
        "maxResults": MOST,
    }
    while True:
        page = place.account.call("savingsplans", "describe_savings_plans_offering_rates", **given)
        yield page
        if not page.get("nextToken"):
            return
        given["nextToken"] = page["nextToken"]


def parse_rates(page: Payload, as_of: date) -> Iterator[dict[str, Any]]:
    """One price per instance type, system, plan and term; AWS does not date them."""
    for found in page.get("searchResults", ()):
        offering = found["savingsPlanOffering"]
        facts = {each["name"]: each["value"] for each in found.get("properties", ())}
        plan = PLANS.get(offering["planType"])
        term = TERMS.get(offering["durationSeconds"])
        system = SYSTEMS.get(facts.get("productDescription", ""))
        if plan and term and system and found["unit"] == "Hrs" and "instanceType" in facts:
            yield {
                "cloud": "aws", "region": facts["region"], "instance_type": facts["instanceType"],
                "os": system, "price_type": f"{plan}_{term}", "currency": offering["currency"],
                "price_hour": Decimal(found["rate"]), "as_of": as_of,
                "source": SOURCE, "quality": "no_upfront",
            }  # fmt: skip
