"""Users, keys, secrets (never their values), audit trails, accounts of the organisation."""

from collections.abc import Iterator

from clouds.aws.place import Payload, Place, Reader, Record, record, tags_of, utc
from clouds.errors import Unreadable

NO_ORGANISATION = "AWSOrganizationsNotInUseException"


def fetch_users(place: Place) -> Iterator[Payload]:
    """Pages of IAM users."""
    return place.pages("iam", "list_users")


def parse_users(page: Payload, place: Place) -> Iterator[Record]:
    """One record per user; the listing has no tags."""
    for found in page.get("Users", ()):
        used = utc(found.get("PasswordLastUsed"))
        yield record(
            place, "user", found["Arn"], name=found["UserName"], state="active",
            created_at=utc(found["CreateDate"]),
            config={"password_last_used": f"{used:%Y-%m-%d}" if used else None},
        )  # fmt: skip


def fetch_access_keys(place: Place) -> Iterator[Payload]:
    """Each user's access keys, with when each was last used (`LastUsed`) and `Arn` of the user."""
    for page in fetch_users(place):
        for user in page.get("Users", ()):
            for keys in place.pages("iam", "list_access_keys", UserName=user["UserName"]):
                for key in keys.get("AccessKeyMetadata", ()):
                    used = place.call(
                        "iam", "get_access_key_last_used", AccessKeyId=key["AccessKeyId"]
                    )
                    yield {**key, "LastUsed": used["AccessKeyLastUsed"], "Arn": user["Arn"]}


def parse_access_keys(key: Payload, place: Place) -> Iterator[Record]:
    """One record per access key: its public id and age."""
    used = utc(key["LastUsed"].get("LastUsedDate"))
    yield record(
        place, "access_key", key["AccessKeyId"], name=key["UserName"], state=key["Status"].lower(),
        created_at=utc(key["CreateDate"]), attached_to=key["Arn"],
        config={"last_used": f"{used:%Y-%m-%d}" if used else None},
    )  # fmt: skip


def fetch_secrets(place: Place) -> Iterator[Payload]:
    """Pages of secrets' descriptions; their values are never asked for."""
    return place.pages("secretsmanager", "list_secrets")


def parse_secrets(page: Payload, place: Place) -> Iterator[Record]:
    """One record per secret: when it was changed and used."""
    for found in page.get("SecretList", ()):
        changed, used = utc(found.get("LastChangedDate")), utc(found.get("LastAccessedDate"))
        yield record(
            place, "secret", found["ARN"], name=found["Name"], state="active",
            created_at=utc(found.get("CreatedDate")), tags=tags_of(found.get("Tags")),
            config={
                "rotates": bool(found.get("RotationEnabled")),
                "last_changed": f"{changed:%Y-%m-%d}" if changed else None,
                "last_used": f"{used:%Y-%m-%d}" if used else None,
            },
        )  # fmt: skip


def fetch_accounts(place: Place) -> Iterator[Payload]:
    """The organisation's accounts, if this is its management account; else nothing."""
    try:
        organisation = place.call("organizations", "describe_organization")["Organization"]
    except Unreadable as error:
        if NO_ORGANISATION in str(error):
            return
        raise
    if organisation.get("MasterAccountId") == place.account.id:
        yield from place.pages("organizations", "list_accounts")


def parse_accounts(page: Payload, place: Place) -> Iterator[Record]:
    """One record per account of the organisation; e-mail addresses are left out."""
    for found in page.get("Accounts", ()):
        state = found.get("State") or found.get("Status") or "active"
        yield record(
            place, "account", found["Id"], name=found["Name"], state=state.lower(),
            created_at=utc(found.get("JoinedTimestamp")),
            config={"joined": found.get("JoinedMethod", "").lower() or None},
        )  # fmt: skip


def fetch_trails(place: Place) -> Iterator[Payload]:
    """Trails whose home is this region, each with the events it takes in (`Selectors`)."""
    answer = place.call("cloudtrail", "describe_trails", includeShadowTrails=False)
    for trail in answer.get("trailList", ()):
        if trail.get("HomeRegion") != place.region:
            continue
        selectors = place.call("cloudtrail", "get_event_selectors", TrailName=trail["TrailARN"])
        yield {**trail, "Selectors": selectors}


def parse_trails(trail: Payload, place: Place) -> Iterator[Record]:
    """One record per audit trail; `management` says whether it copies management events.

    It does where nothing was chosen.
    """
    given = trail["Selectors"]
    is_advanced = bool(given.get("AdvancedEventSelectors"))
    plain = [each.get("IncludeManagementEvents") for each in given.get("EventSelectors", ())]
    advanced = [
        field
        for each in given.get("AdvancedEventSelectors", ())
        for field in each["FieldSelectors"]
        if field["Field"] == "eventCategory" and "Management" in field.get("Equals", ())
    ]
    yield record(
        place, "audit_trail", trail["TrailARN"], name=trail["Name"], state="active",
        config={
            "bucket": trail.get("S3BucketName"),
            "all_regions": trail.get("IsMultiRegionTrail"),
            "organisation": trail.get("IsOrganizationTrail"),
            "management": any(plain) or bool(advanced) or not (plain or is_advanced),
        },
    )  # fmt: skip


READERS = (
    Reader("user", "global", fetch_users, parse_users),
    Reader("access_key", "global", fetch_access_keys, parse_access_keys),
    Reader("secret", "region", fetch_secrets, parse_secrets),
    Reader("account", "global", fetch_accounts, parse_accounts),
    Reader("audit_trail", "region", fetch_trails, parse_trails),
)
