"""Read the simulated bills as they lie there, without the warehouse."""

from decimal import Decimal
from pathlib import Path

import duckdb


def feeds(folder: Path, month: str) -> dict[str, str]:
    """For each feed a select of day, resource_id, billed, effective, list, price and quantity."""
    bills = folder / "bills"
    runs = sorted((bills / "aws/acme-focus/data" / f"BILLING_PERIOD={month}").iterdir())
    azure = sorted((bills / "azure/acme-focus-cost").glob(f"{month.replace('-', '')}01-*/*/*"))
    cur = sorted(
        (bills / "aws-northwind/northwind-hourly").glob(f"{month.replace('-', '')}01-*/2*")
    )
    focus = (
        "select ChargePeriodStart::date as day, ResourceId as resource_id, SubAccountId as account,"
        " BilledCost::decimal(38, 15) as billed, EffectiveCost::decimal(38, 15) as effective,"
        " ListCost::decimal(38, 15) as list, ListUnitPrice::decimal(38, 15) as price,"
        " PricingQuantity::decimal(18, 6) as quantity, ChargeCategory as category,"
        " CommitmentDiscountId as commitment, CommitmentDiscountStatus as status,"
        " ServiceName as service"
    )
    return {
        "aws": f"{focus} from read_parquet('{runs[-1]}/*.parquet')",
        "azure": f"{focus} from read_parquet('{azure[-1]}/*.parquet')",
        "onprem": f"{focus} from read_csv('{bills}/onprem/focus-{month}.csv.gz',"
        " all_varchar = true)",
        "aws-cur": "select \"lineItem/UsageStartDate\"::timestamp::date as day,"
        " \"lineItem/ResourceId\" as resource_id, \"lineItem/UsageAccountId\" as account,"
        " \"lineItem/UnblendedCost\"::decimal(38, 15) as billed, billed as effective,"
        " \"pricing/publicOnDemandCost\"::decimal(38, 15) as list,"
        " \"pricing/publicOnDemandRate\"::decimal(38, 15) as price,"
        " \"lineItem/UsageAmount\"::decimal(18, 6) as quantity,"
        " case when \"lineItem/LineItemType\" = 'Usage' then 'Usage' end as category,"
        " null as commitment, null as status, \"lineItem/ProductCode\" as service"
        f" from read_csv('{cur[-1]}/*.csv.gz', all_varchar = true)",
        "gcp": "select usage_start_time::date as day, resource.global_name as resource_id,"
        " project.id as account, cost + coalesce(list_sum(list_transform(credits,"
        " lambda c: c.amount)), 0) as billed, billed as effective, cost_at_list as list,"
        " price.effective_price as price, usage.amount as quantity,"
        " case when cost_type = 'regular' then 'Usage' end as category, null as commitment,"
        " null as status, service.description as service from read_parquet("
        f"'{bills}/gcp/*/{month.replace('-', '')}-*.parquet')",
        "digitalocean": "select item.start_time::timestamp::date as day, item.resource_id,"
        " 'do:team:acme' as account, item.amount::varchar::decimal(38, 15) as billed,"
        " billed as effective,"
        " null as list, null as price, null as quantity, null as category, null as commitment,"
        " null as status, item.product as service from (select unnest(invoice_items) as item"
        f" from read_json('{bills}/digitalocean/invoice-{month}.json',"
        " sample_size = -1))",
    }  # fmt: skip


def rows(folder: Path, month: str, feed: str, query: str) -> list[tuple[object, ...]]:
    """What a query over the relation `bill` gives."""
    relation = feeds(folder, month)[feed]
    return duckdb.sql(f"with bill as ({relation}) {query}").fetchall()


def cost_of(folder: Path, month: str, feed: str, resource_id: str, day: str) -> Decimal:
    """Effective cost of one resource on one day."""
    found = rows(
        folder, month, feed,
        "select coalesce(sum(effective), 0) from bill"
        f" where resource_id = '{resource_id}' and day = '{day}'",
    )  # fmt: skip
    return Decimal(str(found[0][0]))
