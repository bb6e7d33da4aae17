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
CONTROLS = {  # also the signs that turn the direction of what follows
    sign: "\ufffd"
    for sign in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(sign) not in "\t\n"
}
LOOKS = {"absent": "deleted", "stopped_billed": "stopped, still billed"}


def look(state: str | None) -> str | None:
    """How a reader calls a state, before or after a change; sizes and schedules stay as they are.

    >>> look("stopped_billed"), look("m5.large")
    ('stopped, still billed', 'm5.large')
    """
    return LOOKS.get(state, state) if state else state


def visible(text: str) -> str:
    r"""The text without what would steer a terminal, so that no name can hide or fake a line.

    >>> visible("vm\x1b[2Jfake"), visible("two\nlines")
    ('vm�[2Jfake', 'two\nlines')
    """
    return text.translate(CONTROLS)


def cloud_name(cloud: str) -> str:
    """How a reader calls the cloud."""
    return CLOUD_NAMES.get(cloud, cloud)


def day(when: date | None) -> str:
    """A date as people write it."""
    return "unknown" if when is None else f"{when:%-d %b %Y}"
