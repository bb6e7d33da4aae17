"""Two hosts of libvirt's test driver and a real Prometheus behind a proxy, for the contract."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from contract import Asked, Standard, asked
from onprem_card import CARD
from onprem_servers import Sample, need_libvirt, prometheus_server
from proxy import Proxy

from clouds.cloud import Cloud
from clouds.onprem import connect
from clouds.prometheus import Prometheus

NEVER: Mapping[str, str] = {
    "empty": "never (a host is itself a resource)",
    "deny": "never (libvirt's test driver has no access control to refuse with)",
    "expire": "never (each host has credentials of its own, there are none of the account)",
}
FLEET = Path(__file__).with_name("fleet.xml")
NOW = datetime(2026, 11, 20, 12)
WEB = "11111111-1111-4111-8111-111111111111"
PASSWORD = "open-sesame-4711"
MACHINE = """
<domain type="test"><name>vm-{0}</name><uuid>55555555-5555-4555-8555-{0:012d}</uuid>
<memory unit="GiB">2</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>
"""
MORE = 5  # machines of the second host
IN_FLEET, OTHERS = 10, MORE + 1  # the other host itself, and no pool nor network


class OnPremises:
    """The hosts kvm-1 in fra and kvm-2 in ber, with what Prometheus scrapes: itself."""

    secrets: Sequence[str] = (PASSWORD,)
    standard = Standard(
        resources=IN_FLEET + OTHERS + 1,
        created={},  # libvirt does not say, and the test driver's volumes have no times
        part=("onprem", "ber", "instance"),
        measured=(NOW - timedelta(hours=3), NOW),
        sizes={"kvm-1:/images/web-1.qcow2": 40.0},
        averages={(WEB, "cpu_percent"): 25.0},  # one of its four vCPUs
    )

    def __init__(self, proxy: Proxy, folder: Path) -> None:
        self.proxy, self.card, self.other = proxy, folder / "card.yaml", folder / "other.xml"
        self.card.write_text(CARD)
        machines = "".join(MACHINE.format(number) for number in range(MORE))
        self.other.write_text(f"<node>{machines}</node>")

    def connect(self) -> Cloud:
        return connect(
            hosts=[
                {"name": "kvm-1", "uri": f"test://{FLEET}", "region": "fra"},
                {"name": "kvm-2", "uri": f"test://{self.other}", "region": "ber"},
            ],
            prometheus=self.proxy.url.replace("://", f"://reader:{PASSWORD}@"),
            rate_card=str(self.card),
        )

    def connect_empty(self) -> Cloud:
        raise NotImplementedError

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError

    def throttle(self, status: int, seconds: int) -> None:
        self.proxy.fail(
            lambda call: "/targets" in call.path,
            status=status, headers={"Retry-After": str(seconds)},
        )  # fmt: skip

    def expire(self, account: str) -> None:
        raise NotImplementedError

    def heal(self) -> None:
        self.proxy.heal()

    def calls(self) -> Sequence[Asked]:
        return [asked(call, "prometheus") for call in self.proxy.calls]


@contextmanager
def for_contract(folder: Path) -> Generator[OnPremises]:
    need_libvirt()
    server = folder / "prometheus"
    server.mkdir()
    with prometheus_server(server, _history()) as url:
        _wait_for_its_target(url)
        with Proxy(url, account_of=lambda call: "onprem") as proxy:
            yield OnPremises(proxy, folder)


def _history() -> Iterator[Sample]:
    labels = {"domain": "web-1", "uuid": WEB, "instance": "kvm-1:9177"}
    since = NOW - timedelta(hours=4)
    for minute in range(5 * 60):
        at = int((since + timedelta(minutes=minute)).replace(tzinfo=UTC).timestamp())
        yield "libvirt_domain_info_cpu_time_seconds_total", labels, at, minute * 60.0
        yield "libvirt_domain_info_virtual_cpus", labels, at, 4.0


def _wait_for_its_target(url: str) -> None:
    """Otherwise the first reading would see it as unknown, and the second as up."""
    deadline = monotonic() + 60
    while True:
        found = Prometheus(url, "onprem", "start").get("targets", "")["activeTargets"]
        if found and all(target["health"] == "up" for target in found):
            return
        assert monotonic() < deadline, found
