"""What the rules about budgets tell, when, and when it is over."""

from collections.abc import Callable
from datetime import date

import pytest
from estate_now import Estate, phases

Make = Callable[..., Estate]


def test_a_budget_tells_each_share_once_and_never_backwards(estate: Make) -> None:
    home = estate("budget").has_budgets().budgets({"spent": 499})
    assert home.told() == []
    (half,) = home.budgets({"spent": 500}).told()
    assert half.message.title == "Budget Shop: 50 % of $1,000.00 is spent"
    assert not half.is_critical
    assert home.budgets({"spent": 700}).told() == []
    (more,) = home.budgets({"spent": 859}).told()
    assert more.message.title == "Budget Shop: 85 % of $1,000.00 is spent"
    assert home.budgets({"spent": 600}).told() == [], "a credit came: nothing new is crossed"
    assert home.budgets({"spent": 850}).told() == []
    (full,) = home.budgets({"spent": 1200}).told()
    assert full.message.title == "Budget Shop is exceeded by $200.00"
    assert full.is_critical
    assert home.budgets().told() == [], "nobody is told of the end of a period"


def test_a_share_is_crossed_at_its_last_cent_whatever_a_binary_sum_says(estate: Make) -> None:
    home = estate("budget").has_budgets()
    home.connection.execute("alter table marts.budget_now alter spent type double")
    (draft,) = home.budgets({"spent": 799.9999999999999}).told()
    assert draft.message.title == "Budget Shop: 80 % of $1,000.00 is spent"


def test_several_shares_crossed_at_once_are_one_message(estate: Make) -> None:
    home = estate("budget").has_budgets().budgets({"spent": 1000})
    (draft,) = home.told()
    assert draft.message.data["percent"] == 100
    assert home.budgets({"spent": 900}).told() == []


def test_the_next_period_begins_anew(estate: Make) -> None:
    home = estate("budget").has_budgets().budgets({"spent": 600})
    home.told()
    december = {"starts_on": date(2026, 12, 1), "ends_on": date(2027, 1, 1), "spent": 600}
    assert len(home.budgets(december).told()) == 1


def test_a_budget_says_what_it_covers_and_where_it_leads(estate: Make) -> None:
    (draft,) = estate("budget").has_budgets().budgets({"spent": 600}).told()
    facts = dict(draft.message.facts)
    assert facts["What"] == "Shop: AWS, per month"
    assert facts["Money"] == "$600.00 of $1,000.00 spent (60 %)"
    assert facts["Outlook"] == (
        "$900.00 at the end of the month, $800.00 to $1,000.00 in 4 of 5 cases"
    )


def test_a_likely_breach_is_told_with_its_day_and_does_not_flap(estate: Make) -> None:
    home = estate("forecast_breach", probability=0.5).has_budgets()
    likely = {"breach_probability": 0.6, "breach_on": date(2026, 11, 28), "status": "at_risk"}
    (draft,) = home.budgets(likely).told()
    assert dict(draft.message.facts)["Chance of a breach"] == "60%, probably on 28 Nov 2026"
    assert home.budgets({"breach_probability": 0.45}).told() == []
    assert home.budgets({"breach_probability": 0.55}).told() == []
    assert phases(home.budgets({"breach_probability": 0.1}).told()) == ["over"]


def test_a_breach_that_happened_is_told_by_the_budget_and_not_as_likely(estate: Make) -> None:
    home = estate("forecast_breach").has_budgets()
    home.budgets({"breach_probability": 0.9}).told()
    assert home.budgets({"breach_probability": 1.0, "spent": 1001}).told() == []


def test_at_the_end_of_its_period_a_likely_breach_is_not_told_to_be_over(estate: Make) -> None:
    home = estate("forecast_breach").has_budgets()
    assert phases(home.budgets({"breach_probability": 0.9}).told()) == ["started"]
    december = {"starts_on": date(2026, 12, 1), "ends_on": date(2027, 1, 1)}
    assert home.budgets({**december, "breach_probability": 0.1}).told() == []
    assert phases(home.budgets({**december, "breach_probability": 0.9}).told()) == ["started"]


def test_of_a_period_that_is_over_nothing_is_likely_any_more(estate: Make) -> None:
    october = {"starts_on": date(2026, 10, 1), "ends_on": date(2026, 11, 1)}
    home = estate("forecast_breach").has_budgets()
    assert home.budgets({**october, "breach_probability": 0.9}).told() == []
    spent = estate("budget", name="spent").has_budgets().budgets({**october, "spent": 1200})
    assert phases(spent.told()) == ["started"], "what late bills make of it is told"


def test_a_likely_breach_that_is_averted_says_what_is_expected_now(estate: Make) -> None:
    home = estate("forecast_breach").has_budgets()
    home.budgets({"breach_probability": 0.9, "expected": 1200.0}).told()
    assert home.budgets({"breach_probability": None}).told() == [], "nobody knows"
    (over,) = home.budgets({"breach_probability": 0.1, "expected": 800.0}).told()
    assert over.message.title == (
        "Over: Budget Shop is no longer likely to be exceeded: $800.00 expected, $1,000.00 allowed"
    )
    assert home.told() == []
    assert phases(home.budgets({"breach_probability": 0.9}).told()) == ["started"]


@pytest.mark.parametrize("kind", ["budget", "forecast_breach"])
def test_a_budget_that_was_ended_or_replaced_tells_nothing(kind: str, estate: Make) -> None:
    home = estate(kind).has_budgets().budgets({"spent": 900, "breach_probability": 0.9})
    home.held = ["b2"]
    assert home.told() == []
    home.held = ["b1"]
    assert phases(home.told()) == ["started"]
    home.held = []
    assert home.told() == [], "nor that it is over"


@pytest.mark.parametrize(
    ("probability", "words", "chance"),
    [
        (0.3, "may be", "30%"),
        (0.5, "will probably be", "50%"),
        (0.997, "will probably be", "> 99%"),
    ],
)
def test_a_breach_is_told_as_likely_as_it_is(
    probability: float, words: str, chance: str, estate: Make
) -> None:
    home = estate("forecast_breach", probability=0.25).has_budgets()
    (draft,) = home.budgets({"breach_probability": probability}).told()
    assert draft.message.title == (
        f"Budget Shop {words} exceeded: $900.00 expected, $1,000.00 allowed"
    )
    facts = dict(draft.message.facts)
    assert facts["Chance of a breach"] == chance
    assert facts["Period"] == "1 Nov 2026 to 30 Nov 2026"


def test_an_unknown_probability_is_not_told(estate: Make) -> None:
    home = estate("forecast_breach").has_budgets().budgets({"breach_probability": None})
    assert home.told() == []


def test_without_its_table_a_rule_is_left_out_with_a_note(estate: Make) -> None:
    home = estate("budget")
    drafts, notes = home.looked()
    assert drafts == []
    assert "The rule 'r' was left out" in notes[0]


def test_a_rule_that_could_not_look_ends_nothing(estate: Make) -> None:
    home = estate("forecast_breach").has_budgets().budgets({"breach_probability": 0.9})
    home.told()
    home.connection.execute("drop table marts.budget_now")
    assert home.told() == []
