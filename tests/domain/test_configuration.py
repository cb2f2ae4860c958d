"""Which configuration keys are asked for, which are changed to what, and which are never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.configuration import QUESTIONS, ConfigurationValue, Wanted, changes, is_secret

WANTED = Wanted(heartbeat_interval_s=300, meter_value_interval_s=60)
REGISTER = "Energy.Active.Import.Register"

KEYS = st.sampled_from(["HeartbeatInterval", "heartbeatinterval", "MeterValueSampleInterval", "MeterValuesSampledData"])
VALUES = st.builds(ConfigurationValue, value=st.none() | st.text(max_size=20), readonly=st.booleans())


def reported(**values: str | None) -> dict[str, ConfigurationValue]:
    return {key: ConfigurationValue(value, readonly=False) for key, value in values.items()}


@pytest.mark.parametrize("set_number", range(len(QUESTIONS)))
def test_keys_are_asked_for_in_small_sets(set_number: int) -> None:
    assert 0 < len(QUESTIONS[set_number]) <= 3


def test_no_key_is_asked_for_twice() -> None:
    asked = [key for keys in QUESTIONS for key in keys]

    assert len(asked) == len(set(asked))


def test_nothing_is_changed_that_was_not_reported() -> None:
    assert changes({}, WANTED) == []


@pytest.mark.parametrize(
    ("value", "is_changed"),
    [
        ("300", False),
        (" 300 ", False),
        # A tenth off is good enough: the wanted interval carries jitter.
        ("330", False),
        ("270", False),
        ("331", True),
        ("269", True),
        ("0", True),
        ("86400", True),
        ("-300", True),
        ("300.0", True),
        ("five minutes", True),
        ("9" * 5000, True),
        ("", True),
        (None, True),
    ],
)
def test_an_interval_is_set_where_it_differs(value: str | None, is_changed: bool) -> None:
    expected = [("HeartbeatInterval", "300")] if is_changed else []

    assert changes(reported(HeartbeatInterval=value), WANTED) == expected


def test_each_interval_has_its_own_wanted_value() -> None:
    found = changes(reported(HeartbeatInterval="10", MeterValueSampleInterval="10"), WANTED)

    assert found == [("HeartbeatInterval", "300"), ("MeterValueSampleInterval", "60")]


def test_an_interval_of_which_none_is_wanted_is_left_alone() -> None:
    assert changes(reported(HeartbeatInterval="10", MeterValueSampleInterval="10"), Wanted(0, 0)) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (REGISTER, None),
        (f"Voltage,{REGISTER}", None),
        (f" Voltage , {REGISTER.lower()} ", None),
        (f'"{REGISTER}","Voltage"', None),
        ("Voltage", f"{REGISTER},Voltage"),
        ("Voltage,,Voltage.L1, SoC", f"{REGISTER},Voltage,Voltage.L1,SoC"),
        ("'Voltage'", f"{REGISTER},Voltage"),
        ("", REGISTER),
        (None, REGISTER),
    ],
)
def test_the_energy_register_is_added_to_the_measurands_that_the_box_lists(
    value: str | None, expected: str | None
) -> None:
    found = changes(reported(MeterValuesSampledData=value), WANTED)

    assert found == ([("MeterValuesSampledData", expected)] if expected else [])


def test_a_key_is_changed_under_the_name_that_the_box_gave_it() -> None:
    assert changes(reported(HEARTBEATinterval="1", metervaluessampleddata="SoC"), WANTED) == [
        ("HEARTBEATinterval", "300"),
        ("metervaluessampleddata", f"{REGISTER},SoC"),
    ]


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_read_only_is_never_changed(box: dict[str, ConfigurationValue]) -> None:
    changed = [key for key, _ in changes(box, WANTED)]

    assert all(not box[key].readonly for key in changed)


@given(st.dictionaries(KEYS, VALUES))
def test_a_box_that_took_its_changes_gets_no_more(box: dict[str, ConfigurationValue]) -> None:
    taken = {key: ConfigurationValue(value, readonly=False) for key, value in changes(box, WANTED)}

    assert changes(box | taken, WANTED) == []


@pytest.mark.parametrize(
    "key",
    [
        "AuthorizationKey",
        "authorization_key",
        "WiFi-Password",
        "ApnPasswd",
        "ClientSecret",
        "TLS_Private_Key",
        "WifiPSK",
        "WifiPassphrase",
        "AccessToken",
        "ApiKey",
        "Backend_Credentials",
    ],
)
def test_secrets_are_known_by_their_keys(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize("key", [key for keys in QUESTIONS for key in keys])
def test_what_is_asked_for_is_no_secret(key: str) -> None:
    assert not is_secret(key)
