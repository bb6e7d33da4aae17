"""Who pays: precedence of rules, splits to the last digit, nothing lost."""

from datetime import datetime
from decimal import Decimal, getcontext
from typing import Any

import pytest
from allocated import TIES, allocated, allocated_again, paid, rules
from estate import d, line, rows
from hypothesis import given, settings
from hypothesis import strategies as st

TEAM_WEB, TEAM_DATA = '{"team": "web"}', '{"team": "data"}'
DIGIT = Decimal("1E-18")


def ties(connection: Any) -> bool:
    return connection.execute(TIES).fetchall() == [(0,)]


def test_without_rules_the_tag_team_names_who_pays() -> None:
    found = allocated([
        line("2026-03-01", "3", Tags=TEAM_WEB),
        line("2026-03-01", "2"),
        line("2026-03-01", "0.75", Tags='{"team": ""}'),
        line("2026-03-01", "0.25", Tags='{"team": " "}'),
        line("2026-03-01", "0.5", Tags="no JSON"),
        line("2026-03-02", "-1", Tags=TEAM_WEB, ChargeCategory="Credit"),
    ])  # fmt: skip
    assert paid(found) == {("own", "web"): d("2"), ("unallocated", None): d("3.5")}


def test_blanks_around_a_tag_make_no_other_team() -> None:
    by = rules("""\
rules:
  - {name: plain, match: {tag: {app: shop}}, to: shop}
  - {name: any, match: {tag: {"a*": "b*"}}, to: any}
  - {match: {cloud: aws}, to: {tag: team}}
""")
    found = allocated([
        line("2026-03-01", "1", Tags='{"team": " web "}'),
        line("2026-03-01", "2", Tags=TEAM_WEB),
        line("2026-03-01", "4", Tags='{"app": " shop"}'),
        line("2026-03-01", "8", Tags='{"area": " berlin"}'),
    ], by)  # fmt: skip
    assert paid(found, "team") == {"web": d("3"), "shop": d("4"), "any": d("8")}


def test_the_first_rule_that_fits_counts() -> None:
    by = rules("""\
rules:
  - {name: a, match: {service: "EC*", region: eu-*}, to: first}
  - {name: b, match: {service: EC2}, to: second}
  - {name: c, match: {cloud: aws}, to: third}
""")
    found = allocated([
        line("2026-03-01", "1"),
        line("2026-03-01", "2", RegionId="us-east-1"),
        line("2026-03-01", "4", ServiceName="S3"),
        line("2026-03-01", "8", x_cloud="gcp"),
        line("2026-03-01", "16", x_cloud="gcp", ServiceName="Run"),
    ], by)  # fmt: skip
    assert paid(found, "rule, team") == {
        ("a", "first"): d("9"), ("b", "second"): d("2"), ("c", "third"): d("4"),
        (None, None): d("16"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ("{account: payer-name}", False),
        ("{account: Shop}", True),  # the name
        ("{account: shop}", True),  # the id
        ("{account: [x, 's?op']}", True),
        ("{resource: 'i-*'}", True),
        ("{resource: web_1}", True),
        ("{resource: web-1}", False),
        ("{resource: 'web?1'}", True),
        ("{resource: 'web%'}", False),  # only * and ? stand for something
        ("{tag: {team: w*}}", True),
        ("{tag: {team: w*, env: prod}}", False),
        ("{tag: {'t*': web}}", True),
        ("{tag: {'x*': web}}", False),
        ("{tag: {\"o'k\": '*'}}", True),
        ("{category: Tax}", False),
        ("{namespace: '*'}", False),  # no part of a cluster
        ("{label: {a: '*'}}", False),
    ],
)
def test_every_criterion_looks_at_its_own_fact(match: str, fits: bool) -> None:
    by = rules(f"rules:\n  - {{match: {match}, to: yes-team}}\n")
    one = line("2026-03-01", "1", SubAccountName="Shop", ResourceId="i-1", ResourceName="web_1",
               Tags='{"team": "web", "o\'k": "1"}')  # fmt: skip
    assert paid(allocated([one], by), "team") == {"yes-team" if fits else None: d("1")}


def test_names_are_never_sql() -> None:
    by = rules("""\
rules:
  - {name: "a' or 1=1 --", match: {service: "x') or true --"}, to: "t'; drop table raw.focus"}
  - {name: "it's", match: {service: "EC2"}, to: {shared: "p'"}}
shared:
  - {pool: "p'", split: fixed, percent: {"we'b": 100}}
markup:
  - {team: "we'b", percent: 10}
""")
    found = allocated([line("2026-03-01", "2")], by)
    assert paid(found, "rule, pool, team") == {("it's", "p'", "we'b"): d("2")}
    assert rows(found, "select markup from marts.showback_monthly") == [{"markup": d("0.2")}]


OWN = [line("2026-03-01", "3", Tags=TEAM_WEB), line("2026-03-02", "1", Tags=TEAM_DATA)]
SHARED = line("2026-03-01", "10", ServiceName="Support")
SUPPORT = "rules:\n  - {match: {service: Support}, to: shared}\n  - {to: {tag: team}}\n"


@pytest.mark.parametrize(
    ("split", "web", "data"),
    [
        ("", "7.5", "2.5"),
        ("shared: [{split: proportional}]", "7.5", "2.5"),
        ("shared: [{split: even}]", "5", "5"),
        ("shared: [{split: even, over: [data]}]", "0", "10"),
        ("shared: [{split: fixed, percent: {web: 33.3, data: 66.7}}]", "3.33", "6.67"),
    ],
)
def test_a_pool_is_split_as_it_says(split: str, web: str, data: str) -> None:
    found = paid(allocated([*OWN, SHARED], rules(SUPPORT + split)))
    assert found.get(("shared", "web"), 0) == d(web)
    assert found.get(("shared", "data"), 0) == d(data)
    assert found[("own", "web")] == 3


def test_a_pool_that_nobody_can_bear_stays_visible() -> None:
    found = allocated([SHARED], rules(SUPPORT))
    assert paid(found) == {("shared", None): d("10")}


def test_in_proportion_to_nothing_is_evenly() -> None:
    credited = [line("2026-03-01", "-3", Tags=TEAM_WEB), line("2026-03-01", "0", Tags=TEAM_DATA)]
    found = paid(allocated([*credited, SHARED], rules(SUPPORT)))
    assert (found["shared", "web"], found["shared", "data"]) == (5, 5)


def test_currencies_and_months_are_split_apart() -> None:
    euro = {"BillingCurrency": "EUR"}
    found = allocated([
        *OWN, SHARED,
        line("2026-03-05", "6", ServiceName="Support", **euro),
        line("2026-03-05", "1", Tags=TEAM_DATA, **euro),
        line("2026-02-05", "4", ServiceName="Support"),
        line("2026-02-05", "1", Tags=TEAM_WEB),
    ], rules(SUPPORT))  # fmt: skip
    shares = paid(found, "kind, month::varchar, currency, team")
    assert {key[1:]: cost for key, cost in shares.items() if key[0] == "shared"} == {
        ("2026-03-01", "USD", "web"): d("7.5"), ("2026-03-01", "USD", "data"): d("2.5"),
        ("2026-03-01", "EUR", "data"): d("6"), ("2026-02-01", "USD", "web"): d("4"),
    }  # fmt: skip


def test_the_digits_that_are_left_go_to_the_largest_rests() -> None:
    by = rules(SUPPORT + "shared: [{split: fixed, percent: {a: 50.1, b: 25, c: 24.9}}]")
    one = line("2026-03-01", "0.000000000000000002", ServiceName="Support")
    found = paid(allocated([one], by), "team")
    assert {team: cost for team, cost in found.items() if cost} == {"a": DIGIT, "b": DIGIT}


money = st.integers(-(10**32), 10**32).map(lambda units: Decimal(units).scaleb(-18))
small = st.integers(-40, 40).map(lambda units: Decimal(units) * DIGIT)


@st.composite
def percents(draw: st.DrawFn) -> dict[str, Decimal]:
    """Up to six shares of at most nine places that are 100 together."""
    places = 10**11
    cuts = sorted(draw(st.lists(st.integers(0, places), max_size=5)))
    ends = zip([0, *cuts], [*cuts, places], strict=True)
    return {f"t{n}": Decimal(b - a).scaleb(-9) for n, (a, b) in enumerate(ends)}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(money | small, st.sampled_from(["Support", "Other"])), min_size=1),
    st.dictionaries(st.sampled_from(["web", "data", "search"]), money | small, max_size=3),
    st.sampled_from(["fixed", "even", "proportional"]), percents(),
)  # fmt: skip
def test_every_split_adds_up_to_the_whole(
    amounts: list[tuple[Decimal, str]],
    own: dict[str, Decimal],
    split: str,
    shares: dict[str, Decimal],
) -> None:
    fixed = ", ".join(f"{team}: {percent:f}" for team, percent in shares.items())
    also = f", percent: {{{fixed}}}" if split == "fixed" else ""
    lines = [
        *(line("2026-03-01", f"{amount:f}", ServiceName=service) for amount, service in amounts),
        *(line("2026-03-02", f"{cost:f}", Tags=f'{{"team": "{team}"}}')
          for team, cost in own.items()),
    ]  # fmt: skip
    getcontext().prec = 60
    found = allocated_again(lines, rules(SUPPORT + f"shared: [{{split: {split}{also}}}]"))
    assert ties(found)
    whole = sum((amount for amount, service in amounts if service == "Support"), Decimal(0))
    parts = paid(found, "kind, team")
    assert sum((c for (kind, _), c in parts.items() if kind == "shared"), Decimal(0)) == whole
    if split == "fixed":
        for team, percent in shares.items():
            exact = whole * percent / 100
            assert abs(parts.get(("shared", team), Decimal(0)) - exact) < DIGIT
    if split == "even" and own:
        assert all(abs(parts.get(("shared", team), 0) - whole / len(own)) < DIGIT for team in own)


def test_charges_of_a_day_and_of_a_month_are_split_apart_and_exactly() -> None:
    lines = [line("2026-03-01", "10", ChargePeriodEnd=end, ServiceName="Support", Tags="")
             for end in (datetime(2026, 3, 2), datetime(2026, 4, 1))]  # fmt: skip
    by = rules(
        "rules:\n  - {match: {service: Support}, to: shared}\n"
        "shared:\n  - {pool: shared, split: even, over: [a, b, c]}"
    )
    connection = allocated_again(lines, by)
    assert paid(connection, "days, team") == {
        (days, team): d("3.333333333333333333") + DIGIT * (team == "a")
        for days in (1, 31)
        for team in "abc"
    }


def test_a_markup_is_apart_from_cost_and_the_first_counts() -> None:
    by = rules(SUPPORT + "markup:\n  - {team: data, percent: -50}\n  - {cloud: aws, percent: 12.5}")
    found = allocated([*OWN, SHARED, line("2026-03-01", "100")], by)
    sums = "sum(cost) as cost, sum(markup) as markup"
    query = f"select team, {sums} from marts.showback_monthly group by all"
    assert {row["team"]: (row["cost"], row["markup"]) for row in rows(found, query)} == {
        "web": (d("10.5"), d("1.3125")), "data": (d("3.5"), d("-1.75")), None: (d("100"), d("0")),
    }  # fmt: skip


def test_a_hundred_rules_cost_one_pass() -> None:
    text = "rules:\n" + "".join(
        f"  - {{match: {{tag: {{'k*': v{n}}}, account: 'a{n}*'}}, to: t{n}}}\n" for n in range(100)
    )
    lines = [line("2026-03-01", "1", SubAccountId=f"a{n}x", Tags=f'{{"k": "v{n}"}}')
             for n in range(100)]  # fmt: skip
    found = paid(allocated(lines, rules(text)), "team")
    # a1* fits a10x, too, but its tag does not
    assert found == {f"t{n}": 1 for n in range(100)}
