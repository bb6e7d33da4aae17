"""Mail against a real SMTP server."""

import socket
from pathlib import Path
from typing import Any

import pytest
from builders import message, parcel
from receivers import Mailbox, certificate, smtp_receiver

from app.notify.channels import mail
from app.notify.deliver import send
from app.notify.outcome import Later, Never, Outcome, Sent
from pipelines.alert_settings import MailSettings

HERE = Path()
PASSWORD = "s3cret-pass"


def channel(port: int, **more: Any) -> MailSettings:
    return MailSettings.model_validate(
        {
            "name": "mail", "kind": "smtp", "host": "127.0.0.1", "port": port, "security": "none",
            "from": "alerts@acme.example", "to": ["cfo@acme.example", "ops@acme.example"], **more,
        }
    )  # fmt: skip


def mailed(mailbox: Mailbox, **more: Any) -> Outcome:
    delivered = more.pop("delivered", ())
    with smtp_receiver(mailbox) as port:
        return send(channel(port, **more), parcel("mail", delivered=delivered), HERE)


def test_a_mail_has_everything_a_reader_needs() -> None:
    box = Mailbox()
    assert mailed(box) == Sent()
    (got,) = box.mails
    assert got["Subject"] == "Storage cost $5.00 more than expected"
    assert got["Message-ID"] == "<f00d@instance-select>"
    assert got["From"] == "alerts@acme.example"
    assert box.recipients == [["cfo@acme.example", "ops@acme.example"]]
    text = got.get_content()
    assert "Since: 10 Nov 2026" in text
    assert "https://c.example/a?b" in text


def test_titles_with_other_letters_and_line_ends_arrive() -> None:
    box = Mailbox()
    with smtp_receiver(box) as port:
        told = message("Zusätzlich €5\nBcc: evil@x.example")
        assert send(channel(port), parcel("mail", message=told), HERE) == Sent()
    assert box.mails[0]["Subject"] == "Zusätzlich €5 Bcc: evil@x.example"
    assert box.mails[0]["Bcc"] is None
    assert "€5" in box.mails[0].get_content()


def test_starttls_and_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, trusted = certificate(tmp_path)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    box = Mailbox()
    secure = {"security": "starttls", "user": "alerts",
              "password_from": {"file": str(tmp_path / "password")}}  # fmt: skip
    with smtp_receiver(box, tls=tls, needs_login=True) as port:
        assert send(channel(port, **secure), parcel("mail"), HERE) == Sent()
    assert box.was_encrypted == [True]
    assert box.logged_in == ["alerts"]


def test_a_wrong_password_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("MAIL_PASSWORD", "wr0ng-pass")
    secure = {"security": "starttls", "user": "alerts", "password_from": {"env": "MAIL_PASSWORD"}}
    with smtp_receiver(Mailbox(), tls=tls, needs_login=True) as port:
        outcome = send(channel(port, **secure), parcel("mail"), HERE)
    assert isinstance(outcome, Never)
    assert "535" in outcome.reason
    assert "wr0ng" not in outcome.reason


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, _ = certificate(tmp_path)
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    box = Mailbox()
    secure = {"security": "starttls", "user": "alerts", "password_from": {"env": "MAIL_PASSWORD"}}
    with smtp_receiver(box, tls=tls, needs_login=True) as port:
        outcome = send(channel(port, **secure), parcel("mail"), HERE)
    assert isinstance(outcome, Later)
    assert "can't be trusted" in outcome.reason
    assert box.logged_in == []


def test_a_server_without_starttls_gets_nothing() -> None:
    box = Mailbox()
    outcome = mailed(box, security="starttls")
    assert isinstance(outcome, Never)
    assert "STARTTLS" in outcome.reason
    assert box.mails == []


def test_one_refused_recipient_does_not_keep_it_from_the_others() -> None:
    box = Mailbox(refuses={"ops@acme.example": "550 no such user"})
    assert mailed(box) == Sent("refused: ops@acme.example (550 no such user)")
    assert box.recipients == [["cfo@acme.example"]]


def test_a_recipient_refused_for_now_is_tried_again_alone() -> None:
    box = Mailbox(refuses={"ops@acme.example": "451 come back"})
    outcome = mailed(box)
    assert isinstance(outcome, Later)
    assert outcome.delivered == ("cfo@acme.example",)
    box.refuses.clear()
    assert mailed(box, delivered=outcome.delivered) == Sent()
    assert box.recipients == [["cfo@acme.example"], ["ops@acme.example"]]


def test_who_was_refused_for_good_does_not_count_as_having_it() -> None:
    box = Mailbox(refuses={"cfo@acme.example": "550 gone", "ops@acme.example": "451 come back"})
    outcome = mailed(box)
    assert isinstance(outcome, Later)
    box.refuses["ops@acme.example"] = "554 never"
    assert isinstance(mailed(box, delivered=outcome.delivered), Never), "nobody has it"
    del box.refuses["ops@acme.example"]
    sent = mailed(box, delivered=outcome.delivered)
    assert sent == Sent("refused: cfo@acme.example (550 gone)")


def test_nobody_has_it_when_the_server_breaks_off_among_the_recipients() -> None:
    box = Mailbox(refuses={"ops@acme.example": "421 shutting down"})
    outcome = mailed(box)
    assert isinstance(outcome, Later)
    assert (box.mails, outcome.delivered) == ([], ())


def test_when_all_are_refused_it_is_not_tried_again() -> None:
    refuses: dict[str, str] = dict.fromkeys(("cfo@acme.example", "ops@acme.example"), "550 no")
    outcome = mailed(Mailbox(refuses=refuses))
    assert isinstance(outcome, Never)
    assert "every recipient was refused" in outcome.reason


@pytest.mark.parametrize(("reply", "kind"), [("452 disk full", Later), ("554 spam", Never)])
def test_a_refused_mail_is_tried_again_if_it_may_work(reply: str, kind: type[Outcome]) -> None:
    outcome = mailed(Mailbox(reply=reply))
    assert isinstance(outcome, kind)


def test_no_server_is_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = send(channel(port), parcel("mail"), HERE)
    assert outcome == Later("127.0.0.1 can't be reached: Connection refused.")


def test_a_silent_server_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "ANSWER_SECONDS", 0.3)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        outcome = send(channel(server.getsockname()[1]), parcel("mail"), HERE)
    assert isinstance(outcome, Later)
    assert "did not answer in time" in outcome.reason


def test_tls_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    greeted: list[bytes] = []
    from threading import Thread

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with tls.wrap_socket(connection, server_side=True) as secure:
                secure.sendall(b"220 here\r\n")
                greeted.append(secure.recv(100))
                secure.sendall(b"421 busy\r\n")

        thread = Thread(target=answer)
        thread.start()
        outcome = send(
            channel(server.getsockname()[1], security="tls"), parcel("mail"), HERE
        )  # fmt: skip
        thread.join()
    assert greeted[0].lower().startswith(b"ehlo")
    assert isinstance(outcome, Later)
