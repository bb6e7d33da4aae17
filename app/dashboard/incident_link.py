"""From a cost that changed to the incident that explains it."""

from datetime import timedelta

import polars as pl
import streamlit as st

from app.dashboard import data, incident_words

RECENT = 62  # days before the data date in which an incident still explains this month


def incident_link(currency: str, cloud: str, account: str, service: str) -> None:
    """A link to the largest recent incident of that cost; to all of them if there is none."""
    first = data.snapshot().as_of.date() - timedelta(days=RECENT)
    found = data.ask("anomalies", currency=currency).filter(
        (pl.col("cloud") == cloud)
        & (pl.col("account") == account)
        & (pl.col("service") == service)
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
        "views/anomalies.py", label=label, icon=":material/troubleshoot:", query_params=query
    )
