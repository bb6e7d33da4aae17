"""Google Cloud."""

from collections.abc import Mapping, Sequence

from clouds.bills_only import exports as folder_of
from clouds.cloud import Cloud
from clouds.errors import UnknownOption
from clouds.gcp.access import access
from clouds.gcp.connection import GoogleCloud
from clouds.gcp.exports import tables

OPTIONS = ("projects", "folder", "organization", "exports", "billing_account", "bills")


def connect(
    *,
    projects: Sequence[str] = (),
    folder: str | int | None = None,
    organization: str | int | None = None,
    exports: Sequence[Mapping[str, str]] = (),
    billing_account: str | None = None,
    bills: str | None = None,
) -> Cloud:
    """Google Cloud with the application default credentials, which may be a workload identity.

    `projects` (ids), `folder` or `organization` (numbers): what to read, one of them. `exports`:
    tables of BigQuery, each `{table: project.dataset.table, layout: detailed or focus}`.
    `billing_account`: whose state `doctor` tells. `bills`: a folder with exports that are files.
    """
    given = [name for name, value in (("projects", projects), ("folder", folder),
                                      ("organization", organization)) if value]  # fmt: skip
    if len(given) > 1:
        raise UnknownOption("gcp", f"{' and '.join(given)} exclude each other", OPTIONS)
    parents = [f"projects/{project}" for project in projects]
    parents += [f"folders/{folder}"] * bool(folder)
    parents += [f"organizations/{organization}"] * bool(organization)
    return GoogleCloud(access(), parents, tables(exports), billing_account, folder_of(bills))
