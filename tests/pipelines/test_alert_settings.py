"""The section `alerts:`: what is right is read, what is wrong is told with its line."""

from pathlib import Path

import pytest

from app.config_template import template
from pipelines.alert_settings import SecretSettings
from pipelines.errors import BrokenSettings
from pipelines.settings import CONFIG_FILE, load_settings

GOOD = """\
alerts:
  channels:
    - name: mail
      kind: smtp
      host: mx
      from: a@b.example
      to: [x@y.example]
    - {name: hook, kind: webhook, url: "https://x.example/z?token=s3cret"}
    - {name: team, kind: slack, url_from: {env: TEAM}}
  rules:
    - name: incidents
      kind: anomaly
      at_least: {USD: 12.5, other: 3}
      channels: [mail, hook]
      quiet_hours: {time_zone: Europe/Berlin, hours: 20:00-07:00}
"""
BROKEN = {
    "an unknown channel": ("[mail, hook]", "[male]", 14, "'male', expected one of the channels: m"),
    "an unknown name": ("host: mx", "host: mx\n      pasword: s3cret", 6, "the name 'pasword'"),
    "an unknown kind": ("kind: smtp", "kind: smpt", 3, "the kind 'smpt', expected one of 'log'"),
    "no kind": ("      kind: smtp\n", "", 3, "no 'kind' here"),
    "no host": ("      host: mx\n", "", 3, "no 'host' here"),
    "a wrong zone": ("Europe/Berlin", "Berlin", 15, "the time zone 'Berlin'"),
    "wrong hours": ("20:00-07:00", "20-7", 15, "expected times of the day such as 20:00-07:00"),
    "no hours": ("20:00-07:00", "00:00-00:00", 15, "end as they begin"),
    "a wrong url": ('"https://x', '"htps://x', 8, "expected an address that begins with https"),
    "no secret": ("{env: TEAM}", "{}", 9, "neither 'env' nor 'file'"),
    "a secret itself": ("{env: TEAM}", "https://hooks.example/s3cret", 9, "found a text for"),
    "a wrong currency": ("USD:", "dollar:", 13, "the currency 'dollar'"),
    "a negative amount": ("12.5", "-1", 13, "an amount of 0 or more"),
    "a name twice": ("name: hook", "name: mail", 8, "the name 'mail' again"),
    "a wrong address": ("a@b.example", "ab", 6, "expected a mail address"),
    "a user without password": ("host: mx", "host: mx\n      user: u", 3, "both or none"),
    "bills of a service": (
        "kind: anomaly\n      at_least: {USD: 12.5, other: 3}",
        "kind: freshness\n      filter: {service: AmazonEC2}", 13, "a bill has all services",
    ),
    "an inventory of an account": (
        "kind: anomaly\n      at_least: {USD: 12.5, other: 3}",
        "kind: freshness\n      what: [bills, inventory]\n      filter: {account: '1'}",
        14, "only bills are told by account",
    ),
    "a password in the clear": (
        "host: mx",
        "host: mx\n      security: none\n      user: u\n      password_from: {env: P}",
        3, "it sends a password",
    ),
}  # fmt: skip


def loaded(text: str, home: Path) -> None:
    (home / CONFIG_FILE).write_text(text)
    load_settings(home)


def test_the_section_is_read_and_shows_no_secret(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(GOOD)
    settings = load_settings(tmp_path)
    assert settings.alerts is not None
    assert [channel.kind for channel in settings.alerts.channels] == ["smtp", "webhook", "slack"]
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(("old", "new", "line", "told"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_section_names_its_line_and_no_secret(
    old: str, new: str, line: int, told: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(BrokenSettings) as error:
        loaded(GOOD.replace(old, new, 1), tmp_path)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / CONFIG_FILE}, line {line}: found ")
    assert told in message
    assert "s3cret" not in message


def test_the_example_of_init_is_right_once_it_is_switched_on(tmp_path: Path) -> None:
    text = template()
    begin = text.index("\n#alerts:")
    example = text[begin:].replace("\n#", "\n")
    (tmp_path / CONFIG_FILE).write_text(text[:begin] + example)
    alerts = load_settings(tmp_path).alerts
    assert alerts is not None
    assert {channel.kind for channel in alerts.channels} == {"log", "slack", "webhook", "smtp"}
    assert {rule.kind for rule in alerts.rules} == {
        "anomaly", "budget", "forecast_breach", "freshness",
    }  # fmt: skip


def test_secrets_are_read_from_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE", " s3cret\n")
    assert SecretSettings(env="THERE").read() == "s3cret"
    (tmp_path / "key").write_text("s3cret\n")
    assert SecretSettings(file=tmp_path / "key").read() == "s3cret"
    for nowhere in (SecretSettings(env="NOT_THERE"), SecretSettings(file=tmp_path / "gone")):
        with pytest.raises(BrokenSettings, match=r"NOT_THERE|gone"):
            nowhere.read()
