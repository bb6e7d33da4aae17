"""The end of every trail: lines of the bill exactly as delivered, and the file they came in."""

from typing import Any

import streamlit as st

from app.dashboard import data, money, page

LINES = 500  # rows of the table; the rest is a filter away


def lines(asked: dict[str, Any], name: str, currency: str) -> None:
    """The lines of the bill that `asked` selects, and the files in which they came."""
    asked = asked | {"most": LINES}
    lines_tab, files_tab = st.tabs(["Bill lines", "Export files"])
    with lines_tab:
        found = data.ask("focus_lines", **asked)
        page.table(
            found,
            key="costs_lines",
            alt=f"Bill lines of {name}",
            columns={
                "ChargePeriodStart": st.column_config.DatetimeColumn(
                    "From (UTC)", format="D MMM YYYY HH:mm"
                ),
                "ChargeCategory": st.column_config.TextColumn("Category"),
                "ChargeDescription": st.column_config.TextColumn("Description", width="medium"),
                "ConsumedQuantity": st.column_config.NumberColumn("Quantity", format="localized"),
                "ConsumedUnit": st.column_config.TextColumn("Unit"),
                "EffectiveCost": page.money_column("Effective", currency),
                "BilledCost": page.money_column("Billed", currency),
                "ListCost": page.money_column("List", currency),
                "SkuId": st.column_config.TextColumn("SKU"),
                "ResourceId": st.column_config.TextColumn("Resource id"),
                "Tags": st.column_config.TextColumn("Tags"),
                "x_file": st.column_config.TextColumn("Export file", width="medium"),
            },
        )
        shown = f"The {LINES} largest lines" if found.height == LINES else "All lines"
        page.note(
            f"{shown} of {money.markdown(name)}, as delivered",
            "Bill lines",
            data.statement("focus_lines", **asked),
        )
    with files_tab:
        page.table(
            data.ask("focus_files", **asked),
            key="costs_files",
            alt=f"Export files with lines of {name}",
            columns={
                "file": st.column_config.TextColumn("File", pinned=True, width="large"),
                "lines": st.column_config.NumberColumn("Lines of it", format="localized"),
                "effective_cost": page.money_column("Effective", currency),
                "billed_cost": page.money_column("Billed", currency),
                "rows_in_file": st.column_config.NumberColumn("Rows in file", format="localized"),
                "loaded_at": st.column_config.DatetimeColumn(
                    "Loaded (UTC)", format="D MMM YYYY HH:mm"
                ),
                "layout": st.column_config.TextColumn("Layout"),
                "source": st.column_config.TextColumn("Feed"),
                "export": st.column_config.TextColumn("Delivery"),
                "digest": st.column_config.TextColumn("Digest"),
            },
        )
        page.note(
            f"The files in which the lines of {money.markdown(name)} came",
            "Export files",
            data.statement("focus_files", **asked),
        )
