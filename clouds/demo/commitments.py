"""What the company has committed to: a savings plan, committed use, a reservation too big."""

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from clouds.demo.menu import menu

SAVINGS_PLAN = "arn:aws:savingsplans::210987654300:savingsplan/3a1c7b0e-58f1-4a39-9a0c-1d2e3f"
SAVINGS_PLAN_RATE = 0.72  # of the list price
RESERVATION_RATE = 0.65
COMMITTED_USE_RATE = 0.63

SCHEMA = {
    "commitment_id": pl.String(), "name": pl.String(), "cloud": pl.String(),
    "feed": pl.String(), "billing_account": pl.String(), "account": pl.String(),
    "kind": pl.String(), "region": pl.String(), "covers": pl.String(), "quantity": pl.Float64(),
    "rate": pl.Float64(), "hourly_cost": pl.Decimal(18, 9), "currency": pl.String(),
    "starts_at": pl.Datetime("us"), "ends_at": pl.Datetime("us"),
}  # fmt: skip


def make(
    resources: pl.DataFrame, workloads: pl.DataFrame, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The commitments, and the resources with `commitment_id` on those each may cover."""
    machines = (
        resources.filter(
            (pl.col("kind") == "instance") & pl.col("plant").is_null()
            & pl.col("deleted_at").is_null() & (pl.col("state") == "running")
            & (pl.col("demand_vcpus") > 0)
        )
        .join(workloads.select("workload", "cloud", "account", "region", "feed", "env",
                               "billing_account", "currency"), on="workload")
        .join(menu().select("cloud", "region", "sku", "price"), on=["cloud", "region", "sku"])
        .sort("resource_id")  # a join gives no order, and sums of floats depend on it
    )  # fmt: skip
    prod = machines.filter(pl.col("env") == "prod")
    plan = prod.filter(pl.col("feed") == "aws")
    used = prod.filter(pl.col("feed") == "gcp")
    azure = prod.filter((pl.col("feed") == "azure") & (pl.col("region") == "westeurope"))
    rows: list[dict[str, object]] = []
    covered: list[pl.DataFrame] = []
    if len(plan):
        eligible = plan.filter(pl.Series(range(len(plan))) % 5 < 3)
        cost = float(eligible["price"].to_numpy().sum()) * SAVINGS_PLAN_RATE * 0.9
        rows.append(_row(
            eligible, SAVINGS_PLAN,
            "Compute savings plan", "savings_plan", "210987654301", None, None, None,
            SAVINGS_PLAN_RATE, cost, as_of - timedelta(days=220), 365,
        ))  # fmt: skip
        covered.append(_cover(eligible, rows[-1]))
    if len(azure):
        sku = azure["sku"].mode().sort()[0]
        eligible = azure.filter(pl.col("sku") == sku)
        count = len(eligible) + max(2, len(eligible) // 3)  # more than anything needs
        cost = float(eligible["price"][0]) * RESERVATION_RATE * count
        rows.append(_row(
            eligible,
            "/providers/Microsoft.Capacity/reservationOrders/7d0f6a54-acme/reservations/1f2e3d4c-acme",
            f"Reserved {sku}", "reservation", "5b1d7a52-0c61-4c0e-9d3f-6a2f6d1c1001", "westeurope",
            sku, float(count), RESERVATION_RATE, cost, as_of - timedelta(days=320), 365,
        ))  # fmt: skip
        covered.append(_cover(eligible, rows[-1]))
    if len(used):
        region = used["region"].mode().sort()[0]
        eligible = used.filter(pl.col("region") == region)
        cost = float(eligible["price"].to_numpy().sum()) * COMMITTED_USE_RATE * 0.6
        rows.append(_row(
            eligible, f"projects/acme-search-prod/regions/{region}/commitments/acme-cud-1",
            "Flexible committed use", "committed_use", "acme-search-prod", region, None, None,
            COMMITTED_USE_RATE, cost, as_of - timedelta(days=700), 1096,
        ))  # fmt: skip
        covered.append(_cover(eligible, rows[-1]))
    frame = pl.DataFrame(rows, schema=SCHEMA)
    if not covered:
        return frame, resources
    chosen = pl.concat(covered)
    return frame, (
        resources.drop("commitment_id")
        .join(chosen, on="resource_id", how="left", maintain_order="left")
        .select(resources.columns)
    )


def _row(
    eligible: pl.DataFrame, commitment_id: str, name: str, kind: str, account: str,
    region: str | None, covers: str | None, quantity: float | None, rate: float, hourly: float,
    starts_at: datetime, days: int,
) -> dict[str, object]:  # fmt: skip
    first = eligible.row(0, named=True)
    return {
        "commitment_id": commitment_id, "name": name, "cloud": first["cloud"],
        "feed": first["feed"], "billing_account": first["billing_account"], "account": account,
        "kind": kind, "region": region, "covers": covers, "quantity": quantity, "rate": rate,
        "hourly_cost": Decimal(str(round(hourly, 4))), "currency": first["currency"],
        "starts_at": starts_at, "ends_at": starts_at + timedelta(days=days),
    }  # fmt: skip


def _cover(eligible: pl.DataFrame, row: dict[str, object]) -> pl.DataFrame:
    return eligible.select("resource_id", pl.lit(row["commitment_id"]).alias("commitment_id"))
