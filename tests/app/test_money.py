"""Amounts of money in words, as pages show them."""

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.dashboard import money


@given(
    st.decimals(-(10**13), 10**13, places=2), st.sampled_from(["USD", "EUR", "GBP", "JPY", "CHF"])
)
def test_money_is_never_longer_than_a_card(amount: Decimal, currency: str) -> None:
    written = money.short(amount, currency)
    assert len(written) <= 10
    assert written.startswith("-") == (amount < 0)


@given(st.decimals(-(10**13), 10**13, places=2))
def test_full_money_keeps_every_cent(amount: Decimal) -> None:
    written = money.full(amount, "USD")
    assert Decimal(re.sub(r"[$,]", "", written)) == amount


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_a_range_ends_with_its_high_end(a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    written = money.between(low, high, "USD")
    assert written.startswith("$")
    assert written.endswith(money.short(high, "USD")[1:])


def test_both_ends_of_a_range_name_their_unit() -> None:
    assert money.between(1200, 3400, "USD") == "$1.20K\N{EN DASH}3.40K"
    assert money.between(900, 1200, "EUR") == "€900\N{EN DASH}1.20K"


def test_names_keep_what_streamlit_takes_for_colours_icons_and_links() -> None:
    """As seen in a browser: `web:blue` was shown as `web`, `a:de:b` with a flag in it."""
    assert money.markdown("web:blue") == r"web\:blue"
    assert money.markdown("a:de:b :+1:") == r"a\:de\:b \:+1\:"
    for text in (
        ":material/delete:", "http://a.example", "HTTPS://a.example", "www.a.example",
        "jo.doe+x@a.example", "web_@a.example",
    ):  # fmt: skip
        shown = money.markdown(text)
        assert "\u2060" in shown, "nothing keeps it from becoming an icon or a link"
        assert shown.replace("\u2060", "").replace("\\", "") == text
