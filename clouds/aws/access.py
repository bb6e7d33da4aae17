"""Who we are at AWS, and the one gate through which every call of ours goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any

from clouds.aws.refusals import is_throttled, translate
from clouds.budget import ATTEMPTS, LONGEST_WAIT, Budget, budget
from clouds.errors import CloudError, MissingExtra, Throttled, Unauthorized, UnknownOption

CONNECT_SECONDS, READ_SECONDS = 5, 60
CONNECTIONS = 16  # to one API; twice the threads of a sweep
GLOBAL = "global"  # the region of what has none
HOMES = {
    "cn-": "cn-north-1",
    "us-gov-": "us-gov-west-1",
}  # where global services of a partition are
HOME = "us-east-1"
SESSION_NAME = "instance-select"
FASTER = {"s3": 200.0}  # calls a second; S3 serves 5,500 reads a second of each prefix
ACCOUNT_OPTIONS = ("id", "role_arn", "name", "external_id")


@dataclass(frozen=True)
class Role:
    """An account that is read by assuming a role in it."""

    role_arn: str
    account: str
    external_id: str | None = field(default=None, repr=False)


@dataclass
class Account:
    """One account and its clients; safe to use from many threads."""

    id: str
    session: Any = field(repr=False)  # boto3.session.Session
    region: str
    endpoint_url: str | None = None
    _clients: dict[tuple[str, str], Any] = field(
        default_factory=dict[tuple[str, str], Any], repr=False
    )
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def home(self) -> str:
        """The region in which this partition answers for global services."""
        return next((home for start, home in HOMES.items() if self.region.startswith(start)), HOME)

    @property
    def partition(self) -> str:
        """As it stands in ARNs: aws, aws-cn, aws-us-gov."""
        return {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(self.home, "aws")

    def call(self, service: str, operation: str, region: str | None = None, **given: Any) -> Any:
        """Make one call; without `region`, where global services are. Raises `CloudError`."""
        try:
            return getattr(self.client(service, region), operation)(**given)
        except Exception as error:
            raise _ours(error, service, operation) from error

    def pages(
        self, service: str, operation: str, region: str | None = None, **given: Any
    ) -> Iterator[Mapping[str, Any]]:
        """Every page of a listing. Raises `CloudError`, `StalePage` if it has to start anew."""
        try:
            client = self.client(service, region)
            if client.can_paginate(operation):
                yield from client.get_paginator(operation).paginate(**given)
            else:
                yield getattr(client, operation)(**given)
        except Exception as error:
            raise _ours(error, service, operation) from error

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of one service in one region, made once."""
        key = (service, region or self.home)
        with self._lock:  # making clients is not safe in threads, using them is
            if key not in self._clients:
                self._clients[key] = self._connect(*key)
            return self._clients[key]

    def _connect(self, service: str, region: str) -> Any:
        client = self.session.client(
            service, region_name=region, endpoint_url=self.endpoint_url, config=_config()
        )
        bucket = budget(self.id, f"{service} in {region}")  # AWS counts calls by region
        if service in FASTER:
            bucket.per_second = bucket.burst = FASTER[service]
        client.meta.events.register("before-send", _Take(bucket))
        client.meta.events.register_first("needs-retry", _Pause(bucket))
        return client


@dataclass(frozen=True)
class _Take:
    """Wait for the right to make one call."""

    bucket: Budget

    def __call__(self, **_: Any) -> None:
        """Called by the SDK before every attempt."""
        self.bucket.take()


@dataclass(frozen=True)
class _Pause:
    """Let all who share the bucket wait when AWS asks for it, then let the SDK try again."""

    bucket: Budget

    def __call__(self, response: Any, attempts: int, operation: Any, **_: Any) -> int | None:
        """Zero to try again as soon as the bucket allows; null leaves it to the SDK."""
        if response is None:
            return None
        answer, parsed = response
        code = str(parsed.get("Error", {}).get("Code", "")) if isinstance(parsed, dict) else ""
        if answer.status_code < 300 or not is_throttled(code, answer.status_code):
            return None
        seconds = _seconds(answer.headers.get("Retry-After")) or self.bucket.back_off(attempts)
        if attempts >= ATTEMPTS or seconds > LONGEST_WAIT:
            raise Throttled(f"{operation.name} of {self.bucket.name}", seconds)
        self.bucket.pause(seconds)
        return 0


def accounts_of(
    profile: str | None, endpoint_url: str | None, roles: Sequence[Role]
) -> list[Account]:
    """The accounts to read: one for each role, or the account of the credentials themselves.

    Without roles this asks STS who we are. Raises `MissingExtra` or `Unauthorized`.
    """
    session = _session(profile)
    region = session.region_name or HOME
    base = Account("", session, region, endpoint_url)
    if not roles:
        found = base.call("sts", "get_caller_identity", region)
        return [Account(str(found["Account"]), session, region, endpoint_url)]
    return [
        Account(role.account, _assumed(session, region, role, endpoint_url), region, endpoint_url)
        for role in roles
    ]


def payer_of(profile: str | None, endpoint_url: str | None) -> Account:
    """The credentials themselves, whatever account they are of; nothing is asked yet."""
    session = _session(profile)
    return Account("", session, session.region_name or HOME, endpoint_url)


def roles_of(accounts: Sequence[Mapping[str, Any]]) -> list[Role]:
    """The option `accounts` of a source. Raises `UnknownOption`."""
    roles: list[Role] = []
    for entry in accounts:
        unknown = sorted(set(entry) - set(ACCOUNT_OPTIONS))
        arn = str(entry.get("role_arn") or "")
        parts = arn.split(":")
        if unknown or len(parts) < 6 or not parts[5].startswith("role/"):
            problem = f"unknown {', '.join(unknown)}" if unknown else f"role_arn is {arn!r}"
            raise UnknownOption("aws", f"an entry of accounts: {problem}", ACCOUNT_OPTIONS)
        external_id = entry.get("external_id")
        account = str(entry.get("id") or parts[4]).zfill(12)
        roles.append(Role(arn, account, str(external_id) if external_id else None))
    return roles


def _session(profile: str | None) -> Any:
    boto3 = _sdk("boto3.session")
    try:
        return boto3.Session(profile_name=profile)
    except Exception as error:
        raise _ours(error, "sts", "GetCallerIdentity") from error


def _assumed(base: Any, region: str, role: Role, endpoint_url: str | None) -> Any:
    """A session with the role's credentials, asked for at the first call; they renew themselves."""
    credentials, session = _sdk("botocore.credentials"), _sdk("botocore.session")
    source = base.get_credentials()
    if source is None:
        raise Unauthorized(
            f"There are no AWS credentials to assume {role.role_arn} with. Set up a profile or a "
            "role that the AWS SDK finds, and name it in the source option 'profile'."
        )

    def client(service: str, **given: Any) -> Any:
        return base.client(
            service, region_name=region, endpoint_url=endpoint_url, config=_config(), **given
        )

    extra = {"RoleSessionName": SESSION_NAME}
    if role.external_id:
        extra["ExternalId"] = role.external_id
    fetcher = credentials.AssumeRoleCredentialFetcher(client, source, role.role_arn, extra)
    inner = session.Session()
    inner.register_component("data_loader", base._session.get_component("data_loader"))  # cached
    inner._credentials = credentials.DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )  # the way AWS documents: botocore has no public one
    return _sdk("boto3.session").Session(botocore_session=inner, region_name=region)


def _config() -> Any:
    return _sdk("botocore.config").Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="instance-select",
    )


def _sdk(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("aws", error.name or "boto3") from error


def _ours(error: Exception, service: str, operation: str) -> Exception:
    """Our error for what went wrong in the SDK; a bug in our own code stays what it is."""
    known, parsers = _sdk("botocore.exceptions"), _sdk("botocore.parsers")
    ours = (CloudError, known.BotoCoreError, known.ClientError, parsers.ResponseParserError)
    return translate(error, service, operation) if isinstance(error, ours) else error


def _seconds(told: str | None) -> float:
    try:
        return max(0.0, float(told or 0))
    except ValueError:
        return 0.0  # a date; the back-off is as good
