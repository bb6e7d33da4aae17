"""Write each month of DigitalOcean's invoices into files that the ordinary ingestion loads.

A month is a folder: one document per invoice and a manifest, written last, that says which of them
count. The invoice that is issued for a month takes the place of its preview by a newer manifest.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from clouds.cloud import Exports, Failure
from clouds.digitalocean.access import NotThere, Session
from clouds.digitalocean.invoices import Invoice, fetch_invoices, money
from clouds.errors import CloudError, Unauthorized

MANIFEST = "manifest.json"
KIND = "digitalocean-invoices"  # by which a manifest of ours is known
TAXES = ("Taxes", "Tax")
CREDITS = ("Credits", "Credit", "Adjustments", "Adjustment", "Refunds")
OVERAGES = ("Overages", "Overage")
BESIDE = (  # of the summary; who the customer is, and where, is nobody's business here
    "invoice_uuid", "invoice_id", "billing_period", "amount", "product_charges", "overages",
    "taxes", "credits_and_adjustments",
)  # fmt: skip


@dataclass(frozen=True)
class Document:
    """The lines of one invoice as they are loaded, and what they lack of its amount."""

    invoice: Invoice
    content: Mapping[str, Any]
    gap: Decimal

    @property
    def text(self) -> str:
        """The file: equal content gives equal bytes."""
        return json.dumps(self.content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def name(self) -> str:
        """A name that no other content has, so that a crash never mixes two versions."""
        digest = sha256(self.text.encode()).hexdigest()[:12]
        return f"{self.invoice.uuid}-{digest}.json"


def write_months(
    session: Session, folder: Path, now: datetime, anew: Collection[date] = ()
) -> Exports:
    """Bring new and changed months into `folder`; an issued invoice is read only once.

    The months in `anew` are read in any case.
    """
    account = session.account()
    home = folder / account.replace(":", "-")
    failed: list[Failure] = []
    months = groupby(fetch_invoices(session, f"{now:%Y-%m}"), key=lambda invoice: invoice.period)
    for period, invoices in months:
        try:
            again = period in {f"{month:%Y-%m}" for month in anew}
            failed += _bring(session, account, home / period, list(invoices), now, again)
        except Unauthorized:
            raise
        except CloudError as error:
            failed.append(Failure(account, "", f"bill of {period}", str(error)))
    return Exports([home] if any(home.glob(f"*/{MANIFEST}")) else [], failed)


def fetch_document(session: Session, account: str, invoice: Invoice) -> Document:
    """The items and the summary of one invoice. A preview may have no summary."""
    items = session.pages("invoices.get_by_uuid", "invoice_items", invoice.uuid)
    summary: Mapping[str, Any] = {}
    try:
        summary = session.call("invoices.get_summary_by_uuid", invoice.uuid)
    except NotThere:
        if not invoice.is_preview:
            raise
    return parse_document(account, invoice, items, summary)


def parse_document(
    account: str,
    invoice: Invoice,
    items: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
) -> Document:
    """One invoice as a JSON document of the layout `digitalocean-items`.

    Taxes, overages and credits that only the summary states become items of their own.
    """
    begins, ends = _bounds(invoice.period)
    lines = [
        {**each, "start_time": each.get("start_time") or begins,
         "end_time": each.get("end_time") or ends}
        for each in items
    ]  # fmt: skip
    lines += _of_the_summary(invoice, lines, summary)
    beside = {name: summary[name] for name in BESIDE if name in summary}
    content = {
        **beside,
        "billing_account": account,
        "billing_period": invoice.period,
        "invoice_uuid": invoice.uuid,
        "amount": str(invoice.amount),
        "invoice_items": lines,
    }
    content.pop("invoice_id", None)
    if invoice.number:
        content["invoice_id"] = invoice.number
    return Document(invoice, content, invoice.amount - _total(lines))


def _of_the_summary(
    invoice: Invoice, lines: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What the summary adds to the items: whatever no item is about yet.

    Overages may be among the items under the name of their product; the invoice's amount tells.
    """
    products = {str(each.get("product")) for each in lines}
    extra = [
        _line(invoice.period, product, charge)
        for part, names in (
            ("overages", OVERAGES), ("taxes", TAXES), ("credits_and_adjustments", CREDITS),
        )
        for charge in [summary.get(part) or {}]
        for product in [_product(names, money(charge.get("amount")))]
        if money(charge.get("amount")) and not products.intersection(names)
    ]  # fmt: skip
    within = [each for each in extra if each["product"] not in OVERAGES]
    if invoice.amount == _total([*lines, *within]):
        return within
    return extra


def _product(names: Sequence[str], amount: Decimal) -> str:
    return "Adjustments" if names is CREDITS and amount > 0 else names[0]


def _line(period: str, product: str, charge: Mapping[str, Any]) -> dict[str, Any]:
    begins, ends = _bounds(period)
    return {
        "product": product,
        "description": str(charge.get("name") or product),
        "amount": str(money(charge.get("amount"))),
        "start_time": begins,
        "end_time": ends,
    }


def _total(lines: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((money(each.get("amount")) for each in lines), Decimal(0))


def _bounds(period: str) -> tuple[str, str]:
    year, month = int(period[:4]), int(period[5:7])
    after = f"{year + month // 12:04}-{month % 12 + 1:02}"
    return f"{period}-01T00:00:00Z", f"{after}-01T00:00:00Z"


def _bring(
    session: Session, account: str, folder: Path, invoices: Sequence[Invoice], now: datetime,
    again: bool,
) -> list[Failure]:  # fmt: skip
    """Fetch a month unless it is here in its last form; say which invoices do not tie out."""
    known = None if again else _known(folder)
    wanted = {invoice.uuid: str(invoice.amount) for invoice in invoices if not invoice.is_preview}
    is_running = len(wanted) < len(invoices)
    if known is None or is_running or known["issued"] != wanted:
        documents = [fetch_document(session, account, invoice) for invoice in invoices]
        known = _write(folder, documents, account, wanted, now, known)
    return [
        Failure(account, "", f"bill of {folder.name}", _gap(gap))
        for gap in known.get("gaps") or []
        if gap["invoice"] in wanted  # a preview is in motion; its gap stands in the manifest
    ]


def _gap(gap: Mapping[str, str]) -> str:
    return (
        f"the lines of invoice {gap['invoice']} add up to {gap['lines']} USD, but its amount is "
        f"{gap['amount']} USD; {gap['gap']} USD are in no line. The lines were kept as they are: "
        "ask DigitalOcean what the rest is for."
    )


def _known(folder: Path) -> dict[str, Any] | None:
    """The manifest of the month, if all its files are there."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if all((folder / each["name"]).is_file() for each in manifest["files"]):
            return manifest
    return None


def _write(
    folder: Path,
    documents: Sequence[Document],
    account: str,
    issued: Mapping[str, str],
    now: datetime,
    known: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Documents, then the manifest, then away with what it no longer lists."""
    filled = [each for each in documents if each.content["invoice_items"]]
    manifest: dict[str, Any] = {
        "kind": KIND,
        "account": account,
        "period": folder.name,
        "issued": dict(issued),
        "files": [{"name": each.name, "bytes": len(each.text.encode())} for each in filled],
        "gaps": [
            {"invoice": each.invoice.uuid, "amount": str(each.invoice.amount),
             "lines": str(each.invoice.amount - each.gap), "gap": str(each.gap)}
            for each in documents if each.gap
        ],
        "read_at": now.isoformat(),
    }  # fmt: skip
    if known is not None and {**manifest, "read_at": None} == {**known, "read_at": None}:
        return manifest
    folder.mkdir(parents=True, exist_ok=True)
    for each in filled:
        _put(folder / each.name, each.text)
    _put(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    listed = {MANIFEST, *(each.name for each in filled)}
    for path in folder.iterdir():
        if path.name not in listed:
            path.unlink()
    return manifest


def _put(path: Path, text: str) -> None:
    """All of the file or nothing: a reader never sees a part."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
