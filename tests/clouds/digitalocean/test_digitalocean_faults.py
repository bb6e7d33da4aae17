"""What goes wrong between us and DigitalOcean: a line that is cut in the middle of an answer."""

from decimal import Decimal
from pathlib import Path

import pytest
from digitalocean_fake import TOKEN, Fake
from proxy import Proxy

from clouds.budget import Budget
from clouds.digitalocean.access import Session
from clouds.digitalocean.connection import DigitalOcean


def session(url: str, tmp_path: Path) -> Session:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    return Session(str(token), url, Budget("test", 1000, 1000))


@pytest.mark.parametrize("times", [2, 3])
def test_an_answer_that_is_cut_is_asked_for_again(times: int, fake: Fake, tmp_path: Path) -> None:
    with Proxy(fake.url) as proxy:
        cut = proxy.fail(lambda call: "/v2/volumes" in call.path, times=times, cut_after=40)
        found = DigitalOcean(session(proxy.url, tmp_path)).inventory()
    assert cut.times == 0
    volumes = len(fake.lists["/v2/volumes"])
    assert found.rows.filter(kind="disk").height == (volumes if times == 2 else 0)
    assert {failure.kind for failure in found.failed} == (set() if times == 2 else {"disk"})


def test_an_invoice_whose_answer_is_cut_is_whole_in_the_end(fake: Fake, tmp_path: Path) -> None:
    from test_digitalocean_bills import item

    fake.items = {"u-1": [item("Droplets", f"web-{n}", "1.00", "2026-10") for n in range(3)]}
    with Proxy(fake.url) as proxy:
        cut = proxy.fail(lambda call: "/invoices/u-1" in call.path, cut_after=60)
        items = session(proxy.url, tmp_path).pages("invoices.get_by_uuid", "invoice_items", "u-1")
    assert cut.times == 0
    assert sum(Decimal(str(each["amount"])) for each in items) == 3
