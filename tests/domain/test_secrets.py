"""Secrets: a password is recognised in each of its three forms, and in no other."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.roles import ApiRole, allows
from csms.domain.secrets import (
    canonical_password,
    hash_secret,
    matching_form,
    new_api_key,
    new_charge_box_password,
    password_candidates,
)

KEY = b"a key of the installation"
HEX = "B4fe0c9d11ff8000a7c33e5d21e4f60912ab77cd"


def _form(configured: str, presented: bytes) -> str | None:
    return matching_form(presented, hash_secret(canonical_password(configured), KEY), KEY)


@pytest.mark.parametrize(
    ("configured", "presented", "form"),
    [
        ("correct horse", b"correct horse", "text"),
        ("correct horse", b"correct horse".hex().encode(), "hex"),
        ("correct horse", b"correct horse".hex().upper().encode(), "hex"),
        ("grün", "grün".encode(), "text"),
        (HEX, HEX.encode(), "hex"),
        (HEX, HEX.lower().encode(), "hex"),
        (HEX, HEX.upper().encode(), "hex"),
        (HEX, bytes.fromhex(HEX), "bytes"),
        (HEX, bytes.fromhex(HEX).hex().encode().hex().encode(), "hex"),
        ("12345678", b"12345678", "hex"),
        ("41424344", b"ABCD", "bytes"),
        ("abc", b"abc", "text"),
        ("", b"", "text"),
    ],
)
def test_a_password_is_recognised_in_each_form(configured: str, presented: bytes, form: str) -> None:
    assert _form(configured, presented) == form


@pytest.mark.parametrize(
    ("configured", "presented"),
    [
        ("correct horse", b"Correct horse"),
        ("correct horse", b"correct hors"),
        ("correct horse", b""),
        ("", b"\x00"),
        (HEX, HEX[:-2].encode()),
        (HEX, HEX.swapcase().replace("0", "1").encode()),
        (HEX, bytes.fromhex(HEX)[:-1]),
        (HEX, bytes.fromhex(HEX).replace(b"\xff", b"\xef\xbf\xbd")),
        ("ABCD", b"ABCE"),
        ("ABCD", b"tABCD"),
        ("ABCD", b"b\xab\xcd"),
    ],
)
def test_a_wrong_password_has_no_form(configured: str, presented: bytes) -> None:
    assert _form(configured, presented) is None


@given(st.text(max_size=48))
def test_any_password_is_recognised_as_it_was_configured(configured: str) -> None:
    assert _form(configured, configured.encode()) is not None


@given(st.binary(min_size=1, max_size=24))
def test_any_hex_password_is_recognised_as_bytes_and_as_hex(meant: bytes) -> None:
    assert _form(meant.hex(), meant) == "bytes"
    assert _form(meant.hex(), meant.hex().upper().encode()) == "hex"


@given(st.binary(max_size=40))
def test_no_two_readings_of_a_presented_password_are_the_same(presented: bytes) -> None:
    read = [candidate for _, candidate in password_candidates(presented)]
    assert len(set(read)) == len(read)


def test_a_hash_depends_on_its_key() -> None:
    assert hash_secret(b"secret", KEY) == hashlib.blake2b(b"secret", key=KEY, digest_size=32).digest()
    assert hash_secret(b"secret", KEY) != hash_secret(b"secret", b"another key")


def test_a_new_api_key_is_random_and_fits_into_a_url() -> None:
    made = {new_api_key() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"csms_[A-Za-z0-9_-]{43}", key) for key in made)


def test_a_new_password_is_what_authorization_key_takes() -> None:
    made = {new_charge_box_password() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[0-9a-f]{40}", password) for password in made)


def test_each_role_allows_what_those_below_it_do() -> None:
    ordered = [ApiRole.viewer, ApiRole.editor, ApiRole.operator, ApiRole.admin]
    assert ordered == list(ApiRole)
    for rank, have in enumerate(ordered):
        assert [allows(have, need) for need in ordered] == [other <= rank for other in range(len(ordered))]
