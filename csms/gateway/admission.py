"""
Who may connect: identity from the path, subprotocol, password.

The decision falls before the upgrade, so a refused charge box hears an HTTP status:
404 nobody registered it, 401 its password is wrong or missing, 503 we cannot tell
just now. A refusal is remembered, so that an operator can admit the charge box.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote

from csms.domain.secrets import canonical_password, hash_secret, matching_form

SUBPROTOCOL = "ocpp1.6"
MAX_IDENTITY = 255


@dataclass(frozen=True, slots=True)
class Knock:
    """What a charge box says when it opens a connection."""

    path: str
    authorization: str | None
    subprotocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a connection is refused: the HTTP status, a reason for the operator, a text for the charge box."""

    status: int
    reason: str
    text: str


UNKNOWN = Refusal(404, "unknown", "No charge box of this identity is registered here.\n")
NO_IDENTITY = Refusal(404, "no identity", "The URL must end in the identity of the charge box.\n")
PASSWORD_MISSING = Refusal(401, "password missing", "This charge box needs a password (HTTP Basic authentication).\n")
PASSWORD_WRONG = Refusal(401, "password wrong", "The password is wrong.\n")
AWAY = Refusal(503, "database away", "Not just now; please try again.\n")
FULL = Refusal(503, "full", "This node holds as many charge boxes as it may; please try again.\n")


def identity_of(path: str) -> str | None:
    """
    Read the identity off a URL's path: its last segment that is not empty, percent-decoded once.

    Any prefix is accepted, as the URL is typed by hand (field-notes.md, 36). None if there is none,
    or if it could not be stored.
    """
    segments = [segment for segment in path.partition("?")[0].split("/") if segment]
    if not segments:
        return None
    identity = unquote(segments[-1], errors="replace").strip()
    if not identity or len(identity) > MAX_IDENTITY or not identity.isprintable():
        return None
    return identity


def password_of(authorization: str | None, identity: str) -> bytes | None:
    """
    Read the password off an Authorization header, as bytes: some stacks send a binary key (field-notes.md, 38).

    None if there is no Basic authentication; b"" if it has an empty password.
    """
    if authorization is None:
        return None
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    compact = re.sub(r"\s", "", encoded).rstrip("=")
    try:
        pair = base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None
    # An identity may hold a colon; then the first one does not end it.
    known = identity.encode() + b":"
    if pair.lower().startswith(known.lower()):
        return pair[len(known) :]
    return pair.partition(b":")[2]


def check_password(
    presented: bytes | None, *, required: bool, stored_hash: bytes | None, key: bytes
) -> str | Refusal | None:
    """
    Decide on a password.

    Returns:
        The form it came in (`text`, `hex`, `bytes`), None where none is needed, or a refusal.
    """
    if not required:
        return None
    if not presented:
        return PASSWORD_MISSING
    if stored_hash is None:
        return PASSWORD_WRONG
    return matching_form(presented, stored_hash, key) or PASSWORD_WRONG


def first_password(presented: bytes | None, key: bytes) -> bytes | None:
    """The hash to store for a charge box that registers itself with a password; None without one."""
    if not presented:
        return None
    try:
        text = presented.decode()
    except UnicodeDecodeError:
        text = presented.hex()
    return hash_secret(canonical_password(text), key)


def is_foreign(subprotocols: tuple[str, ...]) -> bool:
    """Tell whether only other versions are offered. Offering none means 1.6 (field-notes.md, 37)."""
    return bool(subprotocols) and chosen_subprotocol(subprotocols) is None


def chosen_subprotocol(subprotocols: tuple[str, ...]) -> str | None:
    """OCPP 1.6 as it was offered, letter by letter: a peer fails on a name that it did not offer (RFC 6455, 4.1)."""
    return next((name for name in subprotocols if name.lower() == SUBPROTOCOL), None)
