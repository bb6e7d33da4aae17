"""POST a JSON document, and tell from the answer whether to try again. URLs are never told."""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from app.notify.outcome import Later, Never, Outcome, Sent
from pipelines.alert_settings import SecretSettings
from pipelines.errors import BrokenSettings

ANSWER_SECONDS = 10  # of silence; how long all may take is limited where it is called
READ, SHOWN = 4000, 200  # bytes of an answer, and characters that end up in an error
SECRET = 4  # characters; nobody's key is shorter, and words of a text often are
LONGEST_WAIT = timedelta(days=1)
TRY_AGAIN = (408, 425, 429)


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its document."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def address(secret: SecretSettings) -> str:
    """The URL that is kept as a secret.

    Raises `BrokenSettings`, which names where it is, never what it is.
    """
    url = secret.read()
    if not _is_web(url):
        where = f"the variable {secret.env}" if secret.env else f"the file {secret.file}"
        raise BrokenSettings(
            f"What is in {where} is no address for alerts; expected a URL that begins with "
            "https:// or http://, without spaces. Put it there, and try again."
        )
    return url


def encode(document: Mapping[str, Any]) -> bytes:
    """The body, so that it can be signed before it is sent."""
    return json.dumps(document, ensure_ascii=False).encode()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send it once. What is not answered is tried again: it may or may not have arrived."""
    if not _is_web(url):
        return Never("The URL of this channel is no address that begins with https:// or http://.")
    where = urlsplit(url).hostname or "the address"
    bare, login = _apart(url)
    request = Request(
        bare,
        data=body,
        headers={"Content-Type": "application/json; charset=utf-8",
                 "User-Agent": "instance-select", **login, **headers},
    )  # fmt: skip
    try:
        with _opener().open(request, timeout=ANSWER_SECONDS):
            return Sent()  # the status counts; nobody waits for the rest of the answer
    except HTTPError as error:
        with error:
            return _refused(error, where, _secrets(url))
    except TimeoutError:
        return Later(f"{where} did not answer within {ANSWER_SECONDS} seconds.")
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            return Later(f"{where} did not answer within {ANSWER_SECONDS} seconds.")
        return Later(f"{where} can't be reached: {_why(error.reason)}.")
    except (HTTPException, OSError) as error:
        return Later(f"{where} broke off: {_why(error)}.")


def _apart(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the header of basic authentication if it has them.

    The standard library would take them for a part of the host's name.
    """
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    token = b64encode(unquote(login).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {token}"}


def _is_web(url: str) -> bool:
    """Whether it is an address on the web, as far as can be told without asking."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0  # reading an unusable port raises
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return has_host and is_plain and parts.scheme in ("http", "https")


def _opener() -> OpenerDirector:
    """The ways of the web only: the usual opener takes files and FTP for servers that answer."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor,
        UnknownHandler, _NoRedirect,
    ):  # fmt: skip
        opener.add_handler(handler())
    return opener


def _secrets(url: str) -> set[str]:
    """Whatever of an address may let somebody in, as it is written and as it is meant."""
    parts = urlsplit(url)
    login, _, _ = parts.netloc.rpartition("@")
    words = re.split(r"[/?&=:#]", f"{login}/{parts.path}?{parts.query}#{parts.fragment}")
    return {form for word in words for form in (word, unquote(word)) if len(form) >= SECRET}


def _refused(error: HTTPError, where: str, secrets: Collection[str]) -> Outcome:
    reason = f"{where} answered {error.code}{_told(error, secrets)}"
    if error.code in TRY_AGAIN or error.code >= 500:
        return Later(reason, retry_after(error.headers.get("Retry-After"), datetime.now(UTC)))
    if 300 <= error.code < 400:
        return Never(f"{reason}, a redirection. Put the address it moved to into the settings.")
    return Never(reason)


def _told(error: HTTPError, secrets: Collection[str]) -> str:
    """The beginning of the answer, if it is a text of one line or so; some repeat the address."""
    try:
        text = error.read1(READ).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError, AttributeError):
        return ""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SHOWN]
    return f" ({words})" if words and not words.startswith("<") else ""


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a header Retry-After asks for: seconds or a date; a day at most.

    >>> retry_after("120", datetime(2026, 11, 26, tzinfo=UTC)).total_seconds()
    120.0
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:9]), 86_400)), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)


def _why(reason: object) -> str:
    """The words of the system; never the URL."""
    text = getattr(reason, "strerror", None) or getattr(reason, "verify_message", None)
    return str(text or type(reason).__name__)
