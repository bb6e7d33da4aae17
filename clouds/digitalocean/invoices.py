"""What DigitalOcean has invoiced: the issued invoices, and the preview of the running month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from clouds.cloud import INVOICE_SCHEMA, Reading
from clouds.digitalocean.access import Session
from clouds.errors import Unreadable
from clouds.sweep import frame

CURRENCY = "USD"  # all amounts of the API


@dataclass(frozen=True)
class Invoice:
    """One invoice, or the preview of one, as the list of invoices states it."""

    uuid: str
    number: str | None  # as printed; a preview has none that lasts
    period: str  # YYYY-MM
    amount: Decimal
    is_preview: bool = False


def fetch_invoices(session: Session, running: str) -> list[Invoice]:
    """The issued invoices and the preview, in the order of their months; `running` is YYYY-MM."""
    preview = session.call("invoices.list", per_page=1).get("invoice_preview")
    return parse_invoices(session.pages("invoices.list", "invoices"), preview, running)


def parse_invoices(
    issued: Sequence[Mapping[str, Any]], preview: Mapping[str, Any] | None, running: str
) -> list[Invoice]:
    """Records of issued invoices; a preview only until the invoice of its month is issued."""
    found = [_invoice(each) for each in issued]
    if preview and preview.get("invoice_uuid"):
        last = _invoice(preview, is_preview=True)
        is_over = last.period < running and any(each.period == last.period for each in found)
        if not is_over and all(each.uuid != last.uuid for each in found):
            found.append(last)
    return sorted(found, key=lambda each: (each.period, each.uuid))


def read(session: Session) -> Reading:
    """The issued invoices in the columns of `INVOICE_SCHEMA`."""
    account = session.account()
    issued = parse_invoices(session.pages("invoices.list", "invoices"), None, "")
    history = session.pages("billing_history.list", "billing_history", in_query=True)
    return Reading(frame(INVOICE_SCHEMA, parse_rows(account, issued, history)))


def parse_rows(
    account: str, issued: Sequence[Invoice], history: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One record per invoice; only the billing history says when it was issued."""
    dates = {
        entry.get("invoice_uuid"): when(entry.get("date"))
        for entry in history
        if entry.get("type") == "Invoice"
    }
    return [
        {
            "cloud": "digitalocean",
            "billing_account": account,
            "invoice_id": each.number or each.uuid,
            "period": date.fromisoformat(f"{each.period}-01"),
            "currency": CURRENCY,
            "amount": each.amount,
            "issued_at": dates.get(each.uuid),
        }
        for each in issued
    ]


def money(text: Any) -> Decimal:
    """An amount as the API writes it: a text in US dollars, `-1.50`; absent is zero."""
    if text in (None, ""):
        return Decimal(0)
    try:
        return Decimal(str(text).replace("$", "").replace(",", ""))
    except InvalidOperation as error:
        raise Unreadable(
            f"DigitalOcean gave the amount {str(text)[:40]!r}; expected a decimal number. "
            "Nothing of this month was written."
        ) from error


def when(text: str | None) -> datetime | None:
    """A time of the API, naive UTC; nanoseconds are cut off."""
    if not text:
        return None
    head, dot, rest = text.replace("Z", "+00:00").partition(".")
    digits = rest.split("+")[0].split("-")[0]
    zone = rest[len(digits) :]
    found = datetime.fromisoformat(f"{head}.{digits[:6]:0<6}{zone}" if dot else head)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _invoice(record: Mapping[str, Any], is_preview: bool = False) -> Invoice:
    number = None if is_preview else record.get("invoice_id")
    return Invoice(
        uuid=str(record["invoice_uuid"]),
        number=str(number) if number else None,
        period=str(record["invoice_period"])[:7],
        amount=money(record.get("amount")),
        is_preview=is_preview,
    )
