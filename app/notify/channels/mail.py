"""Alerts as mail through an SMTP server."""

import smtplib
import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from app.notify.outbox import Parcel
from app.notify.outcome import Later, Never, Outcome, Sent
from pipelines.alert_settings import MailSettings

ANSWER_SECONDS = 15  # of silence; how long all may take is limited where it is called
PORTS = {"starttls": 587, "tls": 465, "none": 25}
Refused = Mapping[str, tuple[int, bytes]]


def send(channel: MailSettings, parcel: Parcel, home: Path) -> Outcome:
    """Send it once, to those who don't have it yet. Raises `BrokenSettings` without a password."""
    to = [one for one in channel.to if one not in parcel.delivered]
    password = channel.password_from.read() if channel.password_from else None
    try:
        with _connected(channel, password) as server:
            refused = server.send_message(_mail(channel, parcel), channel.sender, to)
    except smtplib.SMTPRecipientsRefused as error:  # of all, or it broke off: nobody got it
        return _told((), error.recipients, parcel)
    except smtplib.SMTPResponseException as error:  # a greeting, log-in or sender was refused
        reason = f"{channel.host} answered {error.smtp_code} ({_words(error.smtp_error)})"
        return Never(reason) if error.smtp_code >= 500 else Later(reason)
    except smtplib.SMTPNotSupportedError as error:
        return Never(f"{channel.host} does not offer what is needed: {error}")
    except TimeoutError:
        return Later(f"{channel.host} did not answer within {ANSWER_SECONDS} seconds.")
    except smtplib.SMTPServerDisconnected as error:  # as the library calls a time-out, too
        return Later(f"{channel.host} broke off or did not answer in time: {error}")
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", None) or error.reason or type(error).__name__
        return Later(f"{channel.host} can't be trusted or speaks no TLS: {why}.")
    except (smtplib.SMTPException, OSError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return Later(f"{channel.host} can't be reached: {why}.")
    return _told([one for one in to if one not in refused], refused, parcel)


@contextmanager
def _connected(channel: MailSettings, password: str | None) -> Generator[smtplib.SMTP]:
    port = channel.port or PORTS[channel.security]
    if channel.security == "tls":
        context = ssl.create_default_context()
        server = smtplib.SMTP_SSL(channel.host, port, timeout=ANSWER_SECONDS, context=context)
    else:
        server = smtplib.SMTP(channel.host, port, timeout=ANSWER_SECONDS)
    try:
        if channel.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if channel.user is not None and password is not None:
            server.login(channel.user, password)
        yield server
    finally:
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):  # the message was taken or not, before that
            server.close()


def _mail(channel: MailSettings, parcel: Parcel) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = channel.sender, ", ".join(channel.to)
    mail["Subject"] = " ".join(parcel.message.title.split())
    mail["Date"] = format_datetime(parcel.created_at.replace(tzinfo=UTC))
    mail["Message-ID"] = f"<{parcel.id}@instance-select>"  # the same each time: not shown twice
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice comes back
    if parcel.message.severity == "critical":
        mail["Importance"] = "high"
    mail.set_content(f"{parcel.message.title}\n\n{parcel.message.text()}\n")
    return mail


def _told(taken: Sequence[str], refused: Refused, parcel: Parcel) -> Outcome:
    """Sent when nobody is left who may still take it."""
    why = ", ".join(f"{one} ({code} {_words(text)})" for one, (code, text) in refused.items())
    if any(code < 500 for code, _ in refused.values()):
        return Later(f"refused for now: {why}", delivered=tuple(taken))
    if not taken and not parcel.delivered:
        return Never(f"every recipient was refused: {why}")
    return Sent(f"refused: {why}" if refused else None)


def _words(text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(told.split())[:200]
