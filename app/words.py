"""Words that pages and messages share."""

from datetime import date, timedelta

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
NO_INVENTORY = (
    "Checks need the inventory and metrics of your accounts, beside bills: name them in "
    "instance-select.yaml ('instance-select init' writes one to start from), and look with "
    "'instance-select doctor' whether they can be read."
)
LATE = timedelta(days=3)  # bills come a day or two late; what begins then is still next
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


def period(horizon: str, starts_on: date, last_day: date, today: date) -> str:
    """How a reader calls the period of a forecast: by its name, if it is not the one of today.

    >>> period("month_end", date(2026, 8, 1), date(2026, 8, 31), date(2026, 8, 30))
    'This month'
    >>> period("month_end", date(2026, 8, 1), date(2026, 8, 31), date(2026, 11, 28))
    'August 2026'
    >>> period("quarter_end", date(2026, 7, 1), date(2026, 9, 30), date(2026, 11, 28))
    'Q3 2026'
    >>> period("next_30_days", date(2026, 8, 30), date(2026, 9, 28), date(2026, 11, 28))
    '30 days from 30 Aug 2026'
    """
    length = (last_day - starts_on).days + 1
    is_calendar = horizon.endswith("_end")
    if starts_on <= today <= (last_day if is_calendar else starts_on + LATE):
        return HORIZONS[horizon]
    match horizon:
        case "month_end":
            return f"{starts_on:%B %Y}"
        case "quarter_end":
            return f"Q{(starts_on.month + 2) // 3} {starts_on:%Y}"
        case "year_end":
            return f"{starts_on:%Y}"
        case _:
            return f"{length} days from {day(starts_on)}"


def uncompared(month: date) -> str:
    """Why nothing is compared with a month of which there are no bills."""
    return f"There are no bills of {month:%B}, so that nothing can be compared with it."


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
