"""Who is looking, and in which currency: the choices that hold on all pages."""

from getpass import getuser

import streamlit as st

from actions.users import is_same
from app.dashboard import data, decide


def choose_currency() -> None:
    """A switch when there are several; money is never added up across them."""
    found: list[str] = data.ask("currencies")["currency"].to_list()
    if len(found) < 2:
        st.session_state["currency"] = found[0] if found else "USD"
        return
    st.segmented_control(
        "Currency",
        found,
        default=found[0],
        required=True,
        key="currency",
        persist_state="session",
        bind="query-params",
        help="Amounts in different currencies are never added up. Each page shows one.",
    )


def currency() -> str:
    """The currency of every amount on this page."""
    return st.session_state["currency"]


def choose_user() -> None:
    """Who makes and approves plans from this browser; a sign-on replaces this choice later."""
    known = decide.people()
    st.session_state.setdefault("user", getuser())
    names = sorted({*(person.name for person in known), st.session_state["user"]})
    st.selectbox(
        "You are",
        names,
        key="user",
        icon=":material/person:",
        accept_new_options=True,
        persist_state="session",
        help="Your name goes into the ledger with everything you decide. A plan above risk R1 has "
        "to be approved by somebody other than its author.",
    )
    person = next((one for one in known if is_same(one.name, user())), None)
    if person is None:
        st.caption("Not in the ledger yet")
    else:
        st.caption(f"{person.role}, may approve up to {person.highest_risk or 'nothing'}")


def user() -> str:
    """The name that goes into the ledger."""
    return st.session_state["user"]
