"""What AWS's refusals mean: its error codes become our errors here, and nowhere else."""

import re
from typing import Any

from clouds import clock
from clouds.aws.names import permission
from clouds.budget import LONGEST_WAIT
from clouds.errors import (
    CloudError,
    Forbidden,
    NotOffered,
    StalePage,
    Throttled,
    Unauthorized,
    Unreadable,
)

REFUSED = frozenset({
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "TokenRefreshRequired",
    "UnrecognizedClientException",
})  # fmt: skip
SKEWED = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
    "Forbidden", "ForbiddenException", "NotAuthorized", "UnauthorizedAccess",
    "UnauthorizedOperation", "403",
})  # fmt: skip
THROTTLED = frozenset({
    "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException",
    "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "RequestThrottledException", "SlowDown", "ThrottledException",
    "Throttling", "ThrottlingException", "TooManyRequestsException",
    "TransactionInProgressException", "429", "503",
})  # fmt: skip
NO_CREDENTIALS = frozenset({
    "CredentialRetrievalError", "NoAuthTokenError", "NoCredentialsError", "PartialCredentialsError",
    "ProfileNotFound", "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError",
})  # fmt: skip
STALE_PAGE = frozenset({
    "ExpiredNextToken", "ExpiredNextTokenException", "ExpiredPaginationToken", "InvalidNextToken",
    "InvalidNextTokenException", "InvalidPaginationToken", "InvalidPaginationTokenException",
    "PaginationTokenExpiredException",
})  # fmt: skip
ABSENT_API = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException", "501"})
STALE_TOLD = re.compile(r"continuation token", re.IGNORECASE)  # S3: code InvalidArgument
CLOCK = f"The clock of this machine is wrong by five minutes or more. {clock.CURE}"
SKEW_TOLD = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
LONGEST_TOLD = 300  # characters; an "encoded authorization failure message" is thousands long
RENEW = (
    "Log in again or correct the option 'profile' of the source, then run 'instance-select doctor'."
)


def translate(error: Exception, service: str, operation: str) -> CloudError:
    """The error of ours that says what an error of the SDK means."""
    if isinstance(error, CloudError):
        return error
    call = permission(service, operation)
    response: dict[str, Any] = getattr(error, "response", None) or {}
    if not response:
        return _without_answer(error, call)
    code = str(response.get("Error", {}).get("Code", ""))
    told = _told(code, str(response.get("Error", {}).get("Message", "")))
    if getattr(error, "operation_name", "") == "AssumeRole":
        return Unauthorized(
            f"The role can't be assumed ({told}). Let its trust policy name the credentials of the "
            "source, and these have sts:AssumeRole on it."
        )
    sent = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return _answered(code, told, call, clock.told("AWS", sent))


def is_throttled(code: str, status: int) -> bool:
    """Whether the answer asks to come back later."""
    return code in THROTTLED or status in (429, 503)


def _answered(code: str, told: str, call: str, wrong: str | None) -> CloudError:
    """`wrong` says how wrong our clock is, if it is."""
    if code in SKEWED or (code in REFUSED and SKEW_TOLD.search(told)):
        return Unauthorized(f"AWS refuses the time in our signature ({told}). {wrong or CLOCK}")
    if code in REFUSED:
        return Unauthorized(f"AWS does not accept the credentials ({told}). {wrong or RENEW}")
    if code in DENIED:
        return Forbidden(call, told)
    if code in STALE_PAGE or STALE_TOLD.search(told):
        return StalePage(f"{call}: the page token is no longer known ({told}). Try again.")
    if code in THROTTLED:
        return Throttled(call, LONGEST_WAIT)
    if code in ABSENT_API:
        return NotOffered(f"{call} is not offered here ({told}).")
    return Unreadable(f"{call} failed ({told}). Nothing of it was read; try again later.")


def _without_answer(error: Exception, call: str) -> CloudError:
    """No answer came: for want of credentials, or of a network."""
    name = type(error).__name__
    if name in NO_CREDENTIALS:
        return Unauthorized(
            f"AWS credentials are missing or can't be used ({_told(name, str(error))}). {RENEW}"
        )
    return Unreadable(
        f"{call}: no whole answer came from AWS ({_told(name, str(error))}). "
        "Check the network, then try again."
    )


def _told(code: str, message: str) -> str:
    words = message.split(" Encoded authorization failure message")[0]
    text = " ".join((f"{code}: {words}" if words else code).split())
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}..."
