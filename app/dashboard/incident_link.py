"""From a cost that changed to the incident that explains it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import data, incident_words, money

RECENT = 62  # days before the data date in which an incident still explains this month


def incident_link(currency: str, changed: Mapping[str, Any]) -> None:
    """A link to the largest recent incident that explains a change; to all if there is none.

    What changed is a cloud, account and service, by the amount `change`.
    """
    first = data.snapshot().as_of.date() - timedelta(days=RECENT)
    service = changed["service"]
    part_of = data.ask(
        "incidents_of_series", currency=currency, service=service,
        cloud=changed["cloud"], account=changed["account"],
        direction="up" if changed["change"] > 0 else "down",
    )  # fmt: skip
    found = data.ask("anomalies", currency=currency).filter(
        pl.col("id").is_in(part_of["id"].to_list())
        & ((pl.col("starts_on") >= first) | pl.col("is_open"))
    )
    if found.is_empty():
        label, query = f"No recent anomaly of {service}: see all", None
    else:
        row = found.row(0, named=True)
        cause = incident_words.cause(row)
        label = f"Why {service} changed" + (f": {cause}" if cause else "")
        query = {"anomaly": row["id"], "currency": currency}
    st.page_link(
        "views/anomalies.py",
        label=money.markdown(label),
        icon=":material/troubleshoot:",
        query_params=query,
    )
