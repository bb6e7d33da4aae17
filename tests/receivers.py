"""Real receivers of alerts: an HTTP server and an SMTP server that do what a test asks for."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from servers import free_port


@dataclass(frozen=True)
class Answer:
    """What the receiver says; `trickle` sends the headers a byte at a time for so many seconds."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b"ok"
    silence_seconds: float = 0
    trickle_seconds: float = 0
    slow_body_seconds: float = 0


@dataclass(frozen=True)
class Got:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers as told, in that order, and with the last answer from then on."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.got: list[Got] = []
        self._answers: Iterator[Answer] = iter(answers)
        self._last = Answer()
        self._lock = threading.Lock()

    def take(self, got: Got) -> Answer:
        with self._lock:
            self.got.append(got)
            self._last = next(self._answers, self._last)
            return self._last


@contextmanager
def http_receiver(*answers: Answer) -> Generator[tuple[str, Receiver]]:
    """A server on a free port; its URL, and what it got."""
    receiver = Receiver(answers)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            got = Got(self.path, dict(self.headers.items()), self.rfile.read(length))
            answer = receiver.take(got)
            try:
                self._answer(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_GET(self) -> None:
            receiver.take(Got(f"GET {self.path}", dict(self.headers.items()), b""))
            self._answer(Answer())

        def _answer(self, answer: Answer) -> None:
            over.wait(answer.silence_seconds)
            end = time.monotonic() + answer.trickle_seconds
            if answer.trickle_seconds:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while time.monotonic() < end and not over.is_set():
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    over.wait(0.05)
                self.close_connection = True
                return
            self.send_response(answer.status)
            length = len(answer.body) + (10_000 if answer.slow_body_seconds else 0)
            for name, value in {**answer.headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()
            over.wait(answer.slow_body_seconds)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", receiver
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """What the SMTP server took, and what it refuses."""

    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[list[str]] = field(default_factory=list[list[str]])
    refuses: dict[str, str] = field(default_factory=dict[str, str])  # recipient: reply
    logged_in: list[str] = field(default_factory=list[str])
    was_encrypted: list[bool] = field(default_factory=list[bool])
    reply: str = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.reply.startswith("250"):
            content = cast(bytes, envelope.content)
            mail = message_from_bytes(content, policy=policy.default)
            self.mails.append(cast(EmailMessage, mail))
            self.recipients.append(list(envelope.rcpt_tos))
            self.was_encrypted.append(session.ssl is not None)
        return self.reply

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        ok = (data.login, data.password) == (b"alerts", b"s3cret-pass")
        if ok:
            self.logged_in.append("alerts")
        return AuthResult(success=ok, handled=False)


@contextmanager
def smtp_receiver(
    mailbox: Mailbox,
    *,
    tls: ssl.SSLContext | None = None,
    port: int | None = None,
    needs_login: bool = False,
) -> Generator[int]:
    """A server; its port. With `tls` it offers STARTTLS and takes nothing before it."""
    options: dict[str, Any] = {}
    if tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    if needs_login:
        options |= {
            "authenticator": cast(Callable[..., AuthResult], mailbox.authenticate),
            "auth_required": True,
        }
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port or free_port(), ready_timeout=20, **options
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS of a server on 127.0.0.1, and the file of who vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    trusted, secret = folder / "ca.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
