import logging
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from digitalocean_fake import ACCOUNT, TOKEN, Connect, Fake, permissions

from clouds import load
from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA, WANTED_SCHEMA
from clouds.demo.permissions import PERMISSIONS
from clouds.digitalocean.connection import DigitalOcean
from clouds.digitalocean.permissions import OPERATIONS, READS, WRITES, policy
from clouds.errors import Throttled, Unauthorized, UnknownOption, Unreadable

pytestmark = pytest.mark.contract

NOW = datetime(2026, 11, 20, 8)


def read_everything(cloud: DigitalOcean, folder: Path) -> None:
    cloud.bills(folder)
    cloud.inventory()
    row = {"cloud": "digitalocean", "account": ACCOUNT, "region": "nyc3", "resource_id": "3164444",
           "kind": "instance", "since": datetime(2026, 11, 20, 7)}  # fmt: skip
    list(cloud.metrics(pl.DataFrame([row], schema=dict(WANTED_SCHEMA)), NOW))
    cloud.offers()
    cloud.prices()
    cloud.commitments()
    cloud.invoices()
    list(cloud.examine())


def test_the_policy_names_what_a_whole_read_asks_for_and_no_more(
    fake: Fake, digitalocean: DigitalOcean, tmp_path: Path
) -> None:
    fake.preview = {"invoice_uuid": "p", "invoice_id": "1", "amount": "0.00",
                    "invoice_period": "2026-11"}  # fmt: skip
    fake.items["p"] = []
    read_everything(digitalocean, tmp_path)
    surplus = {"api:read", "api:write"}  # the description names the legacy scopes of volumes too
    needed = {scope for scopes in READS.values() for scope in scopes}
    assert permissions(fake) - surplus == needed
    assert set(OPERATIONS.values()) == needed


def test_the_policies_are_lists_of_scopes() -> None:
    assert "droplet:read " in policy()
    assert ":delete" not in policy()
    assert "droplet:delete" in policy(write=True)
    named = {
        scope
        for (cloud, _), verbs in PERMISSIONS.items()
        if cloud == "digitalocean"
        for scopes in verbs.values()
        for scope in scopes
    }
    assert named - set(OPERATIONS.values()) == set(WRITES)


def test_throttling_is_obeyed_and_nothing_is_lost(
    fake: Fake, digitalocean: DigitalOcean, waits: list[float]
) -> None:
    fake.turned_away = [(429, {"retry-after": "29"}), (503, {"Retry-After": "3"}), (429, {})]
    assert digitalocean.inventory().rows.height == 17
    assert max(waits) == pytest.approx(29, abs=1)
    assert sum(waits) >= 32


def test_an_hour_without_calls_left_is_said_by_the_clock_of_the_api(
    fake: Fake, digitalocean: DigitalOcean, waits: list[float]
) -> None:
    now = int(datetime.now(UTC).timestamp())
    fake.turned_away = [(429, {"ratelimit-reset": str(now + 1800)})] * 9
    with pytest.raises(Throttled, match=r"account\.get was throttled.* 1[78]\d\d seconds"):
        digitalocean.inventory()
    assert waits == []


def test_an_expired_token_is_said_once(fake: Fake, digitalocean: DigitalOcean) -> None:
    digitalocean.inventory()
    fake.token = "a newer one"
    [finding] = digitalocean.examine()
    assert (finding.account, finding.ok, finding.fix) == (ACCOUNT, False, "doctl auth init")
    found = digitalocean.inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == (ACCOUNT, "", "")
    assert "does not accept the token" in failure.reason
    assert list(found.read) == []


def test_a_token_that_was_never_good_ends_the_reading(fake: Fake, connect: Connect) -> None:
    fake.token = "another"
    cloud = connect(fake)
    with pytest.raises(Unauthorized):
        cloud.inventory()
    [finding] = cloud.examine()
    assert (finding.ability, finding.ok, finding.fix) == ("credentials", False, "doctl auth init")


def test_nothing_secret_is_shown(
    fake: Fake, connect: Connect, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud = connect(fake)
    tables = f"{cloud.inventory().rows.to_dicts()}"
    told = [repr(cloud), repr(cloud._session), str(list(cloud.examine())), tables]
    fake.denied.update(["/v2/databases"])
    told.append(str(cloud.inventory().failed))
    fake.token = "another"
    try:
        connect(fake).inventory()
    except Unauthorized as error:
        told.append(f"{error!r} {error} {error.__cause__!r}")
    for text in [*told, caplog.text]:
        assert TOKEN not in text
        assert "s3cr3t" not in text


def test_doctor_names_every_scope_that_is_missing(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.denied |= {"/v2/domains", "/v2/vpcs"}
    found = {finding.ability: finding for finding in digitalocean.examine()}
    assert found["credentials"].detail == "ops@example.test, active, Acme"
    assert {finding.account for finding in found.values()} == {ACCOUNT}
    assert [ability for ability, finding in found.items() if not finding.ok] == ["inventory"]
    assert (found["inventory"].fix or "").endswith("domain:read, vpc:read")
    assert found["metrics"].detail == "droplet 3164444 can be measured"


def test_a_network_that_is_down_is_told_from_a_bad_token(connect: Connect) -> None:
    nowhere = Fake(url="http://127.0.0.1:9")
    with pytest.raises(Unreadable, match="can't be reached") as caught:
        connect(nowhere).inventory()
    assert not isinstance(caught.value, Unauthorized)


def test_a_missing_token_says_what_to_do(tmp_path: Path) -> None:
    cloud = load("digitalocean", token_file=str(tmp_path / "none"))
    with pytest.raises(Unauthorized, match="doctl auth init"):
        cloud.inventory()


def test_the_token_of_doctl_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: Fake
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = tmp_path / ".config" / "doctl" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(f"access-token: {TOKEN}\n")
    assert next(load("digitalocean", endpoint=fake.url).examine()).ok


def test_a_token_is_not_sent_in_plain_text_over_a_network(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    cloud = load(
        "digitalocean", token_file=str(tmp_path / "token"), endpoint="http://api.example.test"
    )
    with pytest.raises(Unreadable):
        cloud.inventory()


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(UnknownOption, match="token_file, bills, endpoint"):
        load("digitalocean", token="x")


def test_sizes_become_offers(digitalocean: DigitalOcean) -> None:
    found = digitalocean.offers().sort("instance_type")
    assert dict(found.schema) == dict(OFFER_SCHEMA)
    stated = [
        "instance_type", "family", "vcpus", "memory_gib", "arch", "burstable", "gpu_count",
        "local_storage_gb", "network_gbps", "current_generation", "gpu_memory_gib", "bare_metal",
    ]  # fmt: skip
    assert found.select(stated).rows() == [
        ("512mb", None, 1.0, 0.5, "x86_64", True, 0.0, 25.0, None, False, 0.0, False),
        ("g-2vcpu-8gb", "g", 2.0, 8.0, "x86_64", False, 0.0, 25.0, None, True, 0.0, False),
        ("s-1vcpu-1gb", "s", 1.0, 1.0, "x86_64", True, 0.0, 25.0, None, True, 0.0, False),
    ]


def test_sizes_have_a_price_where_they_can_be_had(digitalocean: DigitalOcean) -> None:
    found = digitalocean.prices().sort("instance_type", "region")
    assert dict(found.schema) == dict(PRICE_SCHEMA)
    assert found.select("region", "instance_type", "currency", "price_hour").rows() == [
        ("nyc3", "g-2vcpu-8gb", "USD", Decimal("0.09375")),
        ("ams3", "s-1vcpu-1gb", "USD", Decimal("0.00893")),
        ("nyc3", "s-1vcpu-1gb", "USD", Decimal("0.00893")),
    ]
    assert set(found["price_type"]) == {"on_demand"}
    assert found["as_of"].n_unique() == 1
