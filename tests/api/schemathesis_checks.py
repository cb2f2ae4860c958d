"""
What schemathesis checks besides its own checks; its configuration names this module.

Two of its own know less than the API says: without a key the answer is 403 here, as Spirii
documents it, and a schema cannot say every rule (that one moment is after another, that an
id exists), so 400 may answer data that is valid by the schema. But then only for a rule below.
"""

import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, Response

_RULES = (
    # Cursors are opaque, and of one list each.
    r"(next|previous)PageCursor: (is not a cursor of this list|cannot be sent together)",
    # What is referred to must exist.
    r"[\w.]*Id: there is no ",
    # Moments and limits have an order.
    r"[\w.]+: must (be after|be above|not be below) ",
    r"[\w.]+: must be a (date|time in UTC) like ",
    # What is in the world outside.
    r"timeZone: must be an IANA time zone",
    # The owners of customers are a tree, with CPOs at its top.
    r"ownerId: must not be the customer itself or one below it",
    r"type: cannot be changed",
    r"elements\.\d+\.priceComponents: must be FLAT or TIME for a reservation",
    # Two fields must fit together.
    r"ocppPassword: (must not be empty|must be empty|is needed)",
    r"endedAt: cannot be sent together with startedAt",
    r"idTag: send either idTag or tokenId",
    r"endedAt: cannot be sent together with startedAt",
    r"openingTimes.regularHours: must have a period where twentyFourSeven is false",
    # Which characters can be printed is Unicode's to say.
    r"chargeBoxIdentity: must be printable characters",
    # A language of its own.
    r"filter\b",
)
_PUBLIC = ("/healthz", "/readyz", "/v2/afir/")


@schemathesis.check
def without_a_key_is_403(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Whatever else is wrong with a request, without a key nothing is told but that."""
    if case.operation.path.startswith(_PUBLIC) or response.status_code == 405:
        return
    if "Authorization" not in response.request.headers:
        assert response.status_code == 403, f"answered {response.status_code} to a request without a key"


@schemathesis.check
def valid_data_is_refused_only_by_a_rule_that_schemas_cannot_say(
    ctx: CheckContext, response: Response, case: Case[Any]
) -> None:
    """A 400 to what the schema allows must be one of the rules above."""
    if response.status_code != 400 or case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.operation.path.endswith("/commands/{action}"):  # Each action has a schema of its own: that of OCPP.
        return
    for detail in response.json().get("details", ()):
        said = f"{detail['field']}: {detail['message']}"
        assert any(re.match(rule, said) for rule in _RULES), said
