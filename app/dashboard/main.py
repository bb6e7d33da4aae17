"""The dashboard: the pages on the published snapshot."""

from importlib.resources import files

import duckdb
import streamlit as st

from actions.errors import ActionError, LedgerUnusable
from app.dashboard import data, page, visitor
from clouds.errors import CloudError
from pipelines.errors import BrokenSettings
from warehouse.errors import LakeUnreachable, NothingPublished, WarehouseError
from warehouse.transaction import is_gone

FOLDER = files("app.dashboard")


def main() -> None:
    """Draw the frame, fix the snapshot, and hand over to the page."""
    st.set_page_config(
        page_title="instance.select", page_icon=str(FOLDER / "icon.png"), layout="wide"
    )
    st.html(FOLDER / "style.css")
    if st.context.theme.type == "dark":
        st.html("<style>:root { --on-accent: #06201d; }</style>")
    st.logo(str(FOLDER / "logo.svg"), icon_image=str(FOLDER / "icon.png"), size="large")
    chosen = st.navigation(
        [
            st.Page(
                "views/overview.py", title="Overview", icon=":material/monitoring:", default=True
            ),
            st.Page("views/costs.py", title="Costs", icon=":material/payments:"),
            st.Page("views/teams.py", title="Teams", icon=":material/groups:"),
            st.Page("views/forecasts.py", title="Forecasts", icon=":material/timeline:"),
            st.Page("views/anomalies.py", title="Anomalies", icon=":material/troubleshoot:"),
            st.Page("views/recommendations.py", title="Recommendations", icon=":material/savings:"),
            st.Page("views/commitments.py", title="Commitments", icon=":material/handshake:"),
            st.Page("views/instances.py", title="Instances", icon=":material/memory:"),
            st.Page("views/plans.py", title="Plans", icon=":material/task_alt:"),
        ]
    )
    try:
        data.begin()
        with st.sidebar:
            visitor.choose_currency()
            visitor.choose_user()
        chosen.run()
    except NothingPublished:
        page.nothing_yet(chosen.title)
    except BrokenSettings:
        page.broken_settings()
    except (LakeUnreachable, LedgerUnusable):
        page.out_of_reach()
    except (WarehouseError, ActionError, CloudError) as error:
        page.problem(error)
    except duckdb.Error as error:
        if data.settings().catalog and is_gone(error):
            page.out_of_reach()
        else:
            page.problem(error)


main()
