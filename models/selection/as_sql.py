"""A search as one SQL statement: slower, but a reader can run and check it."""

from collections.abc import Sequence

from models.selection.constraint import Constraint, constraints, quoted
from models.selection.requirements import Requirements
from models.selection.total import sums


def judging(asked: Requirements) -> str:
    """One row per price of that system and currency, of the tables that `market.sql` makes.

    `failed` and `unknown` are the constraints that it fails, and of which a datum is unknown.
    """
    claims = constraints(asked)
    return f"""
select
    priced.rowid as price_id,
    offer_id,
    place_id,
    kind_id,
    {_names(claims, "false")} as failed,
    {_names(claims, "null")} as unknown,
    {sums(asked)}
from priced
join kind using (kind_id)
join offered using (offer_id)
join (select * exclude (cloud, currency) from place) as place using (place_id)
left join cover on priced.rowid = cover.price_id
where os = {quoted(asked.os)} and currency = {quoted(asked.currency)}"""


def ranking(asked: Requirements, limit: int) -> str:
    """The first prices that fit, by their number."""
    return f"""
with judged as ({judging(asked)}
)

select price_id, total_hour
from judged
where failed = [] and unknown = []
order by total_hour nulls last, least_hour, offer_id, place_id, kind_id
limit {limit:d}"""


def counting(asked: Requirements) -> str:
    """How many prices there are by what they fail and what is unknown of them."""
    return f"""
with judged as ({judging(asked)}
)

select failed, unknown, count(*) as prices
from judged
group by all
order by all"""


def _names(claims: Sequence[Constraint], outcome: str) -> str:
    listed = [f"if(({claim.holds}) is {outcome}, {quoted(claim.name)}, null)" for claim in claims]
    return f"list_filter([{', '.join(listed)}]::varchar[], lambda name: name is not null)"
