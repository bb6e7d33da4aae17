"""What a forecast rests on: steps that are known to come, and quantity and price apart."""

from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import data, money, page

KINDS = {
    "savings_plan": "Savings plan", "reservation": "Reservation", "committed_use": "Committed use",
}  # fmt: skip


def known_steps(asked: dict[str, Any]) -> None:
    """Commitments that end within the forecast; nothing if there are none."""
    found = data.ask("forecast_steps", **asked)
    if found.is_empty():
        return
    st.subheader("What is known to change", anchor=False)
    currency = asked["currency"]
    page.table(
        page.with_names(found, "cloud").with_columns(pl.col("kind").replace(KINDS)),
        key="forecasts_steps",
        alt="Commitments that end, and what a day costs more without them",
        columns={
            "starts_on": st.column_config.DateColumn("Ends on", format="D MMM YYYY"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "kind": st.column_config.TextColumn("Commitment"),
            "covers": st.column_config.TextColumn("Covers"),
            "services": st.column_config.TextColumn("Services"),
            "daily": page.money_column("A day more", currency),
            "commitment_id": st.column_config.TextColumn("Id", width="medium"),
        },
        nothing="-",
    )
    page.note(
        money.markdown(advice(found, currency)),
        "Commitments that end",
        data.statement("forecast_steps", **asked),
    )


def advice(found: pl.DataFrame, currency: str) -> str:
    """What a reader may do about commitments that end; `daily` is what each adds a day."""
    daily = float(found["daily"].sum())
    if daily < 0:
        return (
            "These commitments cost more than what they cover would without them: "
            f"{money.short(-daily, currency)} a day falls away if they are not renewed. "
            "The forecast counts them as not renewed."
        )
    return (
        "The forecast counts them as not renewed, with the same usage: "
        f"{money.short(daily, currency)} a day more. Renew what is used, before it ends."
    )


def price_and_quantity(asked: dict[str, Any]) -> None:
    """How much will be used and at which price, of services that are sold by one unit."""
    found = data.ask("forecast_prices", **asked)
    if found.is_empty():
        return
    st.subheader("Quantity and price", anchor=False)
    currency = asked["currency"]
    page.table(
        page.with_names(found, "cloud"),
        key="forecasts_prices",
        alt="Quantity and price of the last four weeks and the next, for each service",
        columns={
            "service": st.column_config.TextColumn("Service"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "unit": st.column_config.TextColumn("Unit"),
            "quantity_ahead": st.column_config.NumberColumn("Quantity", format="compact"),
            "quantity_change": st.column_config.NumberColumn("Quantity changes", format="percent"),
            "quantity_effect": page.money_column("More by quantity", currency),
            "price_ahead": st.column_config.NumberColumn(f"Price in {currency}", format="%.4g"),
            "price_change": st.column_config.NumberColumn("Price changes", format="percent"),
            "price_effect": page.money_column("More by price", currency),
        },
        rows=12,
        nothing="-",
    )
    page.note(
        "The next four weeks against the last four. Quantity is forecast by itself; a price is "
        "what a unit cost on average in the last week, and stays so but for commitments that end. "
        "It also changes where dearer or cheaper kinds came in. Services without a common unit "
        "are left out.",
        "Quantity and price",
        data.statement("forecast_prices", **asked),
    )
