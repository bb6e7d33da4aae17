"""The small DigitalOcean as an emulator for the contract of all clouds; see `contract.py`."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from contract import Asked, Standard
from digitalocean_fake import ACCOUNT, TOKEN, Fake, serve
from digitalocean_records import VOLUME, domain, droplet, estate

from clouds.cloud import Cloud
from clouds.digitalocean import connect
from clouds.digitalocean.access import _shared

NEVER: Mapping[str, str] = {}
UNTIL = datetime(2026, 11, 20, 8)
GLOBAL = {"dns_zone": "/v2/domains", "access_key": "/v2/spaces/keys",
          "security_group": "/v2/firewalls"}  # fmt: skip
DOMAINS = 230  # more than a page
STRANGE = 'quote":🦈' + "v" * 240
STEP = 600  # seconds between samples


class Emulator:
    """One team, since a token sees no other; what is denied is denied in all regions at once."""

    secrets: Sequence[str] = (TOKEN, "s3cr3t")

    def __init__(self, folder: Path, full: Fake, empty: Fake) -> None:
        self._token = folder / "token"
        self._token.write_text(TOKEN)
        self._full, self._empty = full, empty
        self.standard = Standard(
            resources=16 + DOMAINS,
            created={"3164444": datetime(2026, 7, 21, 18, 37, 44)},
            sizes={VOLUME: 100.0},
            part=(ACCOUNT, "global", "dns_zone"),
            measured=(UNTIL - timedelta(hours=6), UNTIL),
            averages={("3164444", "memory_percent"): 75.0},
        )

    def connect(self) -> Cloud:
        return connect(token_file=str(self._token), endpoint=self._full.url)

    def connect_empty(self) -> Cloud:
        return connect(token_file=str(self._token), endpoint=self._empty.url)

    def deny(self, account: str, region: str, kind: str) -> None:
        assert region == "global", "DigitalOcean grants a kind for all regions"
        self._full.denied |= {GLOBAL[kind]} if kind else set(GLOBAL.values())

    def throttle(self, status: int, seconds: int) -> None:
        self._full.turned_away.append((status, {"Retry-After": str(seconds)}))

    def expire(self, account: str) -> None:
        self._full.token = "a newer one"

    def heal(self) -> None:
        _shared.cache_clear()  # an hour's calls for each test
        self._full.token = TOKEN
        self._full.denied.clear()
        self._full.turned_away.clear()

    def calls(self) -> Sequence[Asked]:
        return [Asked(at, answered_at, ACCOUNT, "api", status)
                for at, answered_at, status in self._full.answered]  # fmt: skip


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    full = estate()
    full.lists["/v2/domains"] = [domain(f"{number}.test") for number in range(DOMAINS)]
    full.lists["/v2/droplets"][0] = droplet(tags=[STRANGE])
    for name, value in (("memory_total", 4.0), ("memory_available", 1.0)):
        full.samples[name] = lambda query, value=value: [
            ({}, [(at, value) for at in range(int(query["start"]), int(query["end"]), STEP)])
        ]
    with serve(full), serve(Fake()) as empty:
        yield Emulator(folder, full, empty)
