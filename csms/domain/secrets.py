"""
Secrets: how they are made, what is stored of them, and how one is recognised.

Every secret here is random and long, so its hash is fast and keyed (BLAKE2b) instead
of slow: 1,200 charge boxes may log in within a second after a power cut.

The password of a charge box has three forms on the wire. AuthorizationKey is hex text
(OCPP-J 1.6, 6.2.2), and stacks present it as that text or as the bytes that it stands
for, which are often not UTF-8; others write what was typed as hex (field-notes.md, 38).
So each password is hashed in one canonical form, and what is presented is read in
every way that could lead to it.
"""

import hashlib
import hmac
import secrets

API_KEY_PREFIX = "csms_"

# Keeps the text "AB" and the byte 0xAB apart: the first byte says what the others are.
_TEXT = b"t"
_BYTES = b"b"
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


def new_api_key() -> str:
    """Make a key of the REST API: `csms_` and 32 random bytes in URL-safe letters."""
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def new_charge_box_password() -> str:
    """Make a password that fits AuthorizationKey: 20 random bytes as 40 hex characters (OCPP-J 1.6, 6.2.2)."""
    return secrets.token_hex(20)


def hash_secret(secret: bytes, key: bytes) -> bytes:
    """
    Hash a secret for the database.

    Args:
        secret: an API key, or what `canonical_password` made of a password.
        key: the installation's secret, 1 to 64 bytes.

    Returns:
        32 bytes.
    """
    return hashlib.blake2b(secret, key=key, digest_size=32).digest()


def canonical_password(text: str) -> bytes:
    """Turn the configured password into the bytes to hash; hex text means the bytes that it stands for."""
    written = text.encode()
    meant = _unhex(written)
    return _TEXT + written if meant is None else _BYTES + meant


def password_candidates(presented: bytes) -> list[tuple[str, bytes]]:
    """
    Read a presented password in every way.

    Returns:
        Pairs of form and canonical bytes. The form is how the configured password was
        presented: `text` as it was configured, `bytes` decoded from its hex, `hex` as hex text.
    """
    candidates = [("text", _TEXT + presented), ("bytes", _BYTES + presented)]
    once = _unhex(presented)
    if once is not None:
        candidates += [("hex", _TEXT + once), ("hex", _BYTES + once)]
        twice = _unhex(once)  # a stack that writes as hex what was typed as hex
        if twice is not None:
            candidates.append(("hex", _BYTES + twice))
    return candidates


def matching_form(presented: bytes, stored_hash: bytes, key: bytes) -> str | None:
    """
    Compare a presented password with the stored hash, in a time that does not tell which form was right.

    Returns:
        `text`, `hex` or `bytes`, or None where it is wrong.
    """
    matching = [
        form
        for form, candidate in password_candidates(presented)
        if hmac.compare_digest(hash_secret(candidate, key), stored_hash)
    ]
    return matching[0] if matching else None


def _unhex(text: bytes) -> bytes | None:
    """The bytes that hex text stands for, or None where it is not hex."""
    if not text or len(text) % 2 or not _HEX_DIGITS.issuperset(text):
        return None
    return bytes.fromhex(text.decode("ascii"))
