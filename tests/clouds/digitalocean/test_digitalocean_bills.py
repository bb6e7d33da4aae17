import shutil
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from digitalocean_fake import ACCOUNT, Connect, Fake
from digitalocean_records import CLUSTER

from clouds.cloud import Exports
from clouds.digitalocean.access import Session
from clouds.digitalocean.connection import DigitalOcean
from clouds.digitalocean.exports import write_months
from clouds.errors import Unauthorized, Unreadable
from warehouse.ingest.load import ingest
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

pytestmark = pytest.mark.contract

NOVEMBER = datetime(2026, 11, 20, 8)
DECEMBER = datetime(2026, 12, 2, 8)
OCTOBER_ID = "22737513-0ea7-4206-8ceb-98a575af7681"
NOVEMBER_ID = "fdabb512-6faf-443c-ba2e-665452332a9e"
PREVIEW_ID = "1afe95e6-0958-4eb0-8d9a-9c5060d3ef03"


def item(product: str, description: str, amount: str, month: str, **changed: Any) -> dict[str, Any]:
    after = f"2026-{int(month[5:]) + 1:02}"
    return {
        "product": product, "description": description, "amount": amount, "duration": "744",
        "duration_unit": "Hours", "start_time": f"{month}-01T00:00:00Z",
        "end_time": f"{after}-01T00:00:00Z", "project_name": "web", **changed,
    }  # fmt: skip


def october(fake: Fake, amount: str = "27.13", items: int = 3) -> None:
    """An issued invoice: 12.34 of items, 3.45 of overages, 18.12 of taxes, a credit of 6.78."""
    fake.items[OCTOBER_ID] = [
        item("Droplets", "web-1 (s-1vcpu-1gb)", "6.00", "2026-10", resource_id="3164444",
             resource_uuid="00000000-0000-4000-8000-000000000001"),
        item("Kubernetes Clusters", 'pool "a" 🦈', "5.34", "2026-10", resource_id="99",
             resource_uuid=CLUSTER, group_description="prod"),
        *[item("Volumes", f"volume {n}", "1.00", "2026-10") for n in range(items - 2)],
    ]  # fmt: skip
    fake.summaries[OCTOBER_ID] = summary(OCTOBER_ID, "2026-10", amount)
    fake.invoices.append(
        {"invoice_uuid": OCTOBER_ID, "invoice_id": "123456789", "amount": amount,
         "invoice_period": "2026-10"}
    )  # fmt: skip


def summary(uuid: str, period: str, amount: str, **changed: Any) -> dict[str, Any]:
    charge = {"overages": ("Overages", "3.45"), "taxes": ("Taxes", "18.12"),
              "credits_and_adjustments": ("Credits & adjustments", "-6.78")}  # fmt: skip
    parts = {part: {"name": name, "amount": money} for part, (name, money) in charge.items()}
    return {
        "invoice_uuid": uuid, "invoice_id": "123456789", "billing_period": period,
        "amount": amount, "user_name": "Sammy Shark", "user_email": "sammy@example.test",
        "product_charges": {"name": "Product usage charges", "amount": "12.34", "items": []},
        **parts, **changed,
    }  # fmt: skip


def november_preview(fake: Fake, amount: str = "2.50") -> None:
    fake.items[PREVIEW_ID] = [item("Droplets", "web-1 (so far)", amount, "2026-11")]
    fake.preview = {"invoice_uuid": PREVIEW_ID, "invoice_id": "34567890", "amount": amount,
                    "invoice_period": "2026-11", "updated_at": "2026-11-20T06:31:50Z"}  # fmt: skip


def november_issued(fake: Fake) -> None:
    """The preview's place is taken by an invoice of other items, and December begins."""
    fake.invoices.insert(
        0, {"invoice_uuid": NOVEMBER_ID, "invoice_id": "34567890", "amount": "9.00",
            "invoice_period": "2026-11"},
    )  # fmt: skip
    fake.items[NOVEMBER_ID] = [
        item("Droplets", "web-1", "8.00", "2026-11", start_time="2026-11-03T00:00:00Z"),
        item("Taxes", "VAT", "1.00", "2026-11", start_time="2026-11-30T00:00:00Z"),
    ]
    taxes = {"taxes": {"name": "Taxes", "amount": "1.00"}}
    none = {"overages": {"name": "Overages", "amount": "0.00"}}
    fake.summaries[NOVEMBER_ID] = {
        **summary(NOVEMBER_ID, "2026-11", "9.00", **taxes, **none),
        "credits_and_adjustments": {"name": "Credits & adjustments", "amount": "0.00"},
    }


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with its tables: making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("lake") / "home"
    made = Lake(LakeSettings(home=home))
    with made.write("create"):
        pass
    made.close()
    return home


@pytest.fixture
def lake(tmp_path: Path, empty_home: Path) -> Iterator[Lake]:
    shutil.copytree(empty_home, tmp_path / "home")
    found = Lake(LakeSettings(home=tmp_path / "home"))
    yield found
    found.close()


@pytest.fixture
def session(empty: Fake, connect: Connect) -> Session:
    return connect(empty)._session


def write(session: Session, folder: Path, now: datetime = NOVEMBER) -> Exports:
    return write_months(session, folder / "exports", now)


def load(lake: Lake, exports: Exports, now: datetime = NOVEMBER) -> list[tuple[str, str | None]]:
    """Status and reason of each entry."""
    report = ingest(lake, exports.paths, now=now)
    return [(each.status, each.reason) for each in report.loaded]


def lines(lake: Lake, columns: str) -> list[tuple[Any, ...]]:
    with lake.latest() as connection:
        return connection.execute(f"select {columns} from raw.focus order by all").fetchall()


def total(lake: Lake) -> Decimal:
    return lines(lake, "sum(BilledCost)")[0][0]


def test_items_taxes_overages_and_credits_add_up_to_the_invoice(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    exports = write(session, tmp_path)
    assert list(exports.failed) == []
    assert load(lake, exports) == [("loaded", None)]
    assert total(lake) == Decimal("27.13")
    columns = "ServiceName, ChargeCategory, BilledCost, ResourceId, InvoiceId, BillingAccountId"
    assert lines(lake, columns) == [
        ("Credits", "Credit", Decimal("-6.78"), None, "123456789", ACCOUNT),
        ("Droplets", "Usage", Decimal("6"), "3164444", "123456789", ACCOUNT),
        ("Kubernetes Clusters", "Usage", Decimal("5.34"), CLUSTER, "123456789", ACCOUNT),
        ("Overages", "Usage", Decimal("3.45"), None, "123456789", ACCOUNT),
        ("Taxes", "Tax", Decimal("18.12"), None, "123456789", ACCOUNT),
        ("Volumes", "Usage", Decimal("1"), None, "123456789", ACCOUNT),
    ]  # fmt: skip


def test_an_invoice_of_many_pages_is_whole(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty, amount="476.13", items=452)
    exports = write(session, tmp_path)
    assert list(exports.failed) == []
    load(lake, exports)
    assert (len(lines(lake, "1")), total(lake)) == (455, Decimal("476.13"))


def test_a_gap_is_stated_and_never_filled(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty, amount="30.00")
    for _ in range(2):  # with every run, also when nothing is fetched any more
        exports = write(session, tmp_path)
        [failure] = exports.failed
        assert failure.account == ACCOUNT
        assert "add up to 27.13 USD, but its amount is 30.00 USD" in failure.reason
        assert "2.87 USD are in no line" in failure.reason
    load(lake, exports)
    assert total(lake) == Decimal("27.13")


def test_overages_that_are_items_already_are_not_counted_twice(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    empty.items[OCTOBER_ID].append(item("Bandwidth", "overage", "3.45", "2026-10"))
    exports = write(session, tmp_path)
    assert list(exports.failed) == []
    load(lake, exports)
    assert total(lake) == Decimal("27.13")


def test_an_issued_invoice_is_fetched_once_and_its_files_stay(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    load(lake, write(session, tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("exports/**/*.json")}
    empty.asked.clear()
    exports = write(session, tmp_path, DECEMBER)
    assert [name for name, _ in empty.asked if "{invoice_uuid}" in name] == []
    assert {path: path.stat().st_mtime_ns for path in before} == before
    [(status, _)] = load(lake, exports)
    assert status == "unchanged"


@pytest.mark.parametrize(("month", "is_healed"), [(10, True), (9, False)])
def test_a_month_that_is_wanted_anew_is_read_again(
    empty: Fake, session: Session, tmp_path: Path, month: int, is_healed: bool
) -> None:
    october(empty)
    write(session, tmp_path)
    document = next(tmp_path.glob("exports/*/2026-10/*-*.json"))
    whole = document.read_text()
    document.write_text("{}")
    write_months(session, tmp_path / "exports", DECEMBER, [date(2026, month, 1)])
    assert (document.read_text() == whole) == is_healed


def test_a_preview_that_changed_replaces_itself(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    november_preview(empty, "2.50")
    assert load(lake, write(session, tmp_path)) == [("loaded", None)]
    november_preview(empty, "3.75")
    [(status, reason)] = load(lake, write(session, tmp_path, datetime(2026, 11, 21, 8)))
    assert (status, total(lake)) == ("loaded", Decimal("3.75"))
    assert "alarm" not in (reason or "")
    assert lines(lake, "InvoiceId") == [(None,)]
    assert [status for status, _ in load(lake, write(session, tmp_path))] == ["unchanged"]


def test_the_issued_invoice_replaces_the_preview_without_an_alarm(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    november_preview(empty)
    load(lake, write(session, tmp_path))
    assert total(lake) == Decimal("29.63")
    november_issued(empty)
    for stale in (empty.preview, None):  # the preview may be listed for some time yet
        empty.preview = stale
        entries = load(lake, write(session, tmp_path, DECEMBER), DECEMBER)
        assert {status for status, _ in entries} <= {"loaded", "unchanged"}
        assert not [reason for _, reason in entries if reason and "alarm" in reason]
        assert total(lake) == Decimal("36.13")
    assert len(list(tmp_path.glob("exports/*/2026-11/*.json"))) == 2


def test_a_corrected_amount_is_read_again(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    load(lake, write(session, tmp_path))
    empty.invoices[0]["amount"] = "26.13"
    empty.items[OCTOBER_ID].append(item("Adjustments", "goodwill", "-1.00", "2026-10"))
    empty.summaries[OCTOBER_ID] = summary(OCTOBER_ID, "2026-10", "26.13", **{
        "credits_and_adjustments": {"name": "Credits & adjustments", "amount": "-1.00"},
        "taxes": {"name": "Taxes", "amount": "11.34"},
    })  # fmt: skip
    load(lake, write(session, tmp_path, DECEMBER), DECEMBER)
    assert total(lake) == Decimal("26.13")


def test_a_month_that_breaks_off_leaves_what_was_there(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    november_preview(empty)
    load(lake, write(session, tmp_path))
    empty.cut.add(f"/v2/customers/my/invoices/{PREVIEW_ID}")
    exports = write(session, tmp_path)
    [failure] = exports.failed
    assert failure.kind == "bill of 2026-11"
    assert {status for status, _ in load(lake, exports)} == {"unchanged"}
    assert not list(tmp_path.glob("exports/**/*.part"))


def test_two_invoices_of_a_month_add_up(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    november_preview(empty)
    november_issued(empty)
    load(lake, write(session, tmp_path))  # in November: the preview runs on beside it
    assert total(lake) == Decimal("11.50")


def test_an_account_without_invoices_has_nothing_to_load(session: Session, tmp_path: Path) -> None:
    exports = write(session, tmp_path)
    assert (list(exports.paths), list(exports.failed)) == ([], [])


def test_a_month_without_lines_is_no_error(
    empty: Fake, session: Session, lake: Lake, tmp_path: Path
) -> None:
    october(empty)
    november_preview(empty)
    empty.items[PREVIEW_ID] = []
    empty.preview = {**(empty.preview or {}), "amount": "0.00"}
    assert load(lake, write(session, tmp_path)) == [("loaded", None)]


def test_the_customer_s_name_is_in_no_file(empty: Fake, session: Session, tmp_path: Path) -> None:
    october(empty)
    write(session, tmp_path)
    text = "".join(path.read_text() for path in tmp_path.glob("exports/**/*.json"))
    assert "Sammy" not in text
    assert "sammy@" not in text


def test_invoices_come_with_the_day_they_were_issued(
    empty: Fake, session: Session, connect: Connect
) -> None:
    october(empty)
    november_preview(empty)
    empty.lists["/v2/customers/my/billing_history"] = [
        {"description": "Payment", "amount": "-27.13", "date": "2026-11-03T08:44:38Z",
         "type": "Payment", "invoice_uuid": OCTOBER_ID},
        {"description": "Invoice for October 2026", "amount": "27.13", "invoice_id": "123456789",
         "invoice_uuid": OCTOBER_ID, "date": "2026-11-01T08:44:38Z", "type": "Invoice"},
    ]  # fmt: skip
    assert connect(empty).invoices().rows.rows() == [
        ("digitalocean", ACCOUNT, "123456789", date(2026, 10, 1), "USD", Decimal("27.13"),
         datetime(2026, 11, 1, 8, 44, 38))
    ]  # fmt: skip


def test_an_expired_token_ends_the_reading_of_bills(
    empty: Fake, session: Session, tmp_path: Path
) -> None:
    empty.token = "another"
    with pytest.raises(Unauthorized, match="does not accept the token"):
        write(session, tmp_path)


def test_a_folder_of_bills_is_taken_as_it_is(empty: Fake, connect: Connect, tmp_path: Path) -> None:
    session = connect(empty)._session
    assert list(DigitalOcean(session, tmp_path).bills(tmp_path / "x").paths) == [tmp_path]
    with pytest.raises(Unreadable, match="does not exist"):
        DigitalOcean(session, tmp_path / "missing").bills(tmp_path)
    assert empty.asked == []
