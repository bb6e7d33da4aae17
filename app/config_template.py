"""The commented settings file that `init` writes."""

from collections.abc import Iterator
from inspect import getdoc
from json import dumps
from pathlib import Path

from app.errors import Refused
from warehouse.whole_file import write_text

_HEAD = """\
# Settings of instance.select. Every line that starts with '#' is off and shows the default.
# Each setting can also be given as a variable: INSTANCE_SELECT_MAX_CHANGES=5, for example.
# `{home}` stands for the folder of this file. Secrets are never settings: they come from each
# cloud's own chain of credentials.

# What is read and changed: one entry for each cloud, or for each set of credentials. To switch an
# example on, remove the '#' at the beginning of its lines. `name` is yours to choose.
# Beside `cloud` may stand after how many hours a check calls what it tells late, for example
# `late_after_hours: {bills: 72, inventory: 30, metrics: 30, market: 30}`.
sources:
"""


_ALERTS = """\
# Who is told of budgets, incidents and late data, and when not: docs/alerts.md explains it. To
# switch this example on, remove the '#' at the beginning of its lines, and leave out what you don't
# need. Secrets stay where they are: `env` names a variable, `file` a file.
#alerts:
#  page: https://costs.example.com  # public address of the dashboard, for links
#  channels:
#    - name: log
#      kind: log  # one line of JSON per alert in alerts.log of the home
#    - name: finance
#      kind: slack  # or any receiver of Slack's incoming webhooks
#      url_from: {env: FINANCE_WEBHOOK}
#      per_hour: 10  # the rest is summed up in one message
#    - name: on-call
#      kind: webhook
#      url: https://alerts.example.com/costs
#      sign_with: {file: /etc/instance-select/webhook.key}
#    - name: mail
#      kind: smtp
#      host: mail.example.com
#      security: starttls  # or tls, none
#      user: costs
#      password_from: {env: MAIL_PASSWORD}
#      from: costs@example.com
#      to: [finance@example.com]
#  rules:
#    - name: incidents
#      kind: anomaly
#      channels: [finance, log]
#      at_least: {USD: 100, other: 100}
#      critical_at: {USD: 5000, other: 5000}
#      quiet_hours: {time_zone: Europe/Berlin, hours: 20:00-07:00, weekends: true}
#    - name: budgets
#      kind: budget
#      channels: [mail]
#      at_percent: [50, 80, 100]
#    - name: breaches
#      kind: forecast_breach
#      channels: [mail]
#      probability: 0.6
#    - name: late bills
#      kind: freshness
#      channels: [on-call]
#      what: [bills]
#      after_hours: 72
#      repeat_after_hours: 24
"""

_ALLOCATION = """\
# Who pays for what: docs/allocation.md explains it. Without this, whoever the tag or label `team`
# names. The first rule that fits counts; * stands for any text, ? for one character. Try rules
# before they hold: instance-select allocation test FILE
#allocation:
#  rules:
#    - name: the network of all
#      match: {account: ["111111111111", network-*]}
#      to: shared  # or {shared: POOL}
#    - match: {cluster: prod, namespace: [web, web-*]}
#      to: web
#    - match: {tag: {project: "shop*"}}
#      to: shop
#    - to: {tag: team}  # the team that this tag of the bill names
#    - to: {label: team}  # the team that this label of the workload names
#  shared:
#    - {pool: shared, split: proportional}  # or even; over: [web, shop] for some teams only
#    - {pool: idle, split: fixed, percent: {web: 60, shop: 40}}  # of Kubernetes clusters
#  markup:
#    - {cloud: aws, percent: 3.5}  # shown apart from the cost
#  units:
#    - name: GB sent and received
#      sql: >
#        select hour::date as day, sum(avg * 3600 / 1e9) as quantity
#        from raw.metric where metric = 'network_bytes_s' group by all
#    - {name: customer, file: "{home}/customers.csv"}  # day,quantity and perhaps team
"""


def template() -> str:
    """Every option of every cloud and every setting, with meaning and default, commented out."""
    from clouds import available
    from pipelines.settings import Settings

    examples = "\n".join("\n".join(_example(name)) for name in available())
    return f"{_HEAD}{examples}\n\n" + "\n".join([*_entries(Settings), _ALLOCATION, _ALERTS])


def write_template(home: Path) -> Path:
    """Write the template into the home. Raises `Refused` if there is one already."""
    from pipelines.settings import CONFIG_FILE

    file = home / CONFIG_FILE
    if file.exists():
        raise Refused(f"{file} exists already and was not changed. Edit it, or remove it first.")
    home.mkdir(parents=True, exist_ok=True)
    write_text(file, template())
    return file


def _example(cloud: str) -> Iterator[str]:
    """A source of this cloud, as its `connect` takes it; lines with '#' inside are comments."""
    from clouds import connector, package
    from clouds.errors import CloudError
    from clouds.options import options_of

    yield "#"
    try:
        connect, title = connector(cloud), getdoc(package(cloud)) or cloud
    except CloudError as error:
        yield f"#  # {' '.join(str(error).split())}"
        return
    yield f"#  # {title.splitlines()[0]}"
    yield f"#  - name: my-{cloud}"
    yield f"#    cloud: {cloud}"
    yield from (f"#    # {line}".rstrip() for line in (getdoc(connect) or "").splitlines())
    options = options_of(connect)
    if options:
        yield "#    options:"
    for option in options:
        blank = '["..."]' if option.kind.startswith("list") else '"..."'
        value = blank if option.is_needed else _yaml(option.default)
        need = "needed" if option.is_needed else "optional"
        yield f"#      {option.name}: {value}  # {option.kind}, {need}"


def _entries(settings: type) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if name in ("home", "sources", "alerts", "allocation"):
            continue
        yield f"# {field.description}"
        yield f"# {name}: {_yaml(field.default)}\n"


def _yaml(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case list() | tuple() | dict():
            return dumps(value)
        case _:
            return str(value)
