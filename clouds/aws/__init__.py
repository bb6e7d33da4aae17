"""Amazon Web Services."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clouds.aws.access import roles_of
from clouds.aws.connection import AwsCloud, Options
from clouds.cloud import Cloud
from clouds.errors import UnknownOption

EXPORT_OPTIONS = ("bucket", "prefix", "region", "account")


def connect(
    *,
    profile: str | None = None,
    regions: Sequence[str] | None = None,
    accounts: Sequence[Mapping[str, Any]] = (),
    exports: Sequence[Mapping[str, Any]] = (),
    bills: str | None = None,
    cost_explorer: bool = False,
    endpoint_url: str | None = None,
) -> Cloud:
    """AWS accounts, with the credentials of `profile` or of the SDK's own chain.

    `accounts` are read by assuming a role in each (`role_arn`, and if need be `id`, `name`,
    `external_id`); without them it is the account of the credentials. `exports` are places in S3
    (`bucket`, `prefix`, and if need be `region`, `account`), `bills` is a local folder. Nothing is
    asked of AWS yet.
    """
    return AwsCloud(
        Options(
            profile=profile,
            regions=tuple(regions) if regions is not None else None,
            roles=tuple(roles_of(accounts)),
            exports=tuple(_export(entry) for entry in exports),
            bills=Path(bills).expanduser() if bills else None,
            cost_explorer=cost_explorer,
            endpoint_url=endpoint_url,
        )
    )


def _export(entry: Mapping[str, Any]) -> Mapping[str, str]:
    unknown = sorted(set(entry) - set(EXPORT_OPTIONS))
    if unknown or not entry.get("bucket"):
        problem = f"unknown {', '.join(unknown)}" if unknown else "without a bucket"
        raise UnknownOption("aws", f"an entry of exports: {problem}", EXPORT_OPTIONS)
    given = {key: str(value) for key, value in entry.items() if value is not None}
    return {"prefix": "", **given}
