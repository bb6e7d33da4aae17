"""Words that pages and messages share."""

from datetime import date

CLOUD_NAMES = {
    "aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "digitalocean": "DigitalOcean",
    "oci": "Oracle Cloud", "onprem": "On-premises", "kubernetes": "Kubernetes",
}  # fmt: skip
HORIZONS = {
    "month_end": "This month", "quarter_end": "This quarter", "year_end": "This year",
    "next_30_days": "Next 30 days", "next_90_days": "Next 90 days",
}  # fmt: skip
NO_INVENTORY = (
    "Checks need the inventory and metrics of your accounts, beside bills: name them in "
    "instance-select.yaml ('instance-select init' writes one to start from), and look with "
    "'instance-select doctor' whether they can be read."
)
LOOKS = {"absent": "deleted", "stopped_billed": "stopped, still billed"}


def look(state: str | None) -> str | None:
    """How a reader calls a state, before or after a change; sizes and schedules stay as they are.

    >>> look("stopped_billed"), look("m5.large")
    ('stopped, still billed', 'm5.large')
    """
    return LOOKS.get(state, state) if state else state


def counted(number: int, what: str) -> str:
    """A number with its noun.

    >>> counted(1, "team"), counted(0, "team")
    ('1 team', '0 teams')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def cloud_name(cloud: str) -> str:
    """How a reader calls the cloud."""
    return CLOUD_NAMES.get(cloud, cloud)


def day(when: date | None) -> str:
    """A date as people write it."""
    return "unknown" if when is None else f"{when:%-d %b %Y}"
