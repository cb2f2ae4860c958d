"""From sampled values to readings and to a running summary: nothing refused, nothing dropped, nothing made up."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csms.domain.metering import Progress, Reading, at_begin, progress, read
from csms.ocpp.payloads import SampledValue

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NOON_TEXT = "2026-07-01T12:00:00Z"
ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"

TEXTS = st.text(st.characters(codec=None), max_size=100)
SAMPLES = st.builds(
    SampledValue,
    value=TEXTS | st.floats().map(str) | st.integers().map(str),
    measurand=st.sampled_from([None, ENERGY, POWER, "SoC"]) | TEXTS,
    unit=st.sampled_from([None, "Wh", "kwh", "MWH", "W", "kW", "Percent"]) | TEXTS,
    phase=st.sampled_from([None, "L1", "L2", "L3", "L1-N", "N"]) | TEXTS,
    context=st.sampled_from([None, "Transaction.Begin", "Sample.Periodic"]) | TEXTS,
    location=st.sampled_from([None, "Inlet", "Outlet"]) | TEXTS,
    format=st.sampled_from([None, "Raw", "SignedData"]) | TEXTS,
)


def sample(value: str, **fields: str) -> SampledValue:
    return SampledValue(value=value, **fields)


def reading(*samples: SampledValue, at: datetime | None = NOON) -> Reading:
    return read(samples, timestamp=NOON_TEXT, at=at, connector=1, transaction=7)


# Readings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "is_kept_as_text"),
    [
        ("0", 0.0, False),
        ("1234", 1234.0, False),
        ("-5.25", -5.25, False),
        ("+7", 7.0, False),
        (".5", 0.5, False),
        ("5.", 5.0, False),
        ("1e3", 1000.0, False),
        ("1E-3", 0.001, False),
        ("  12 ", 12.0, False),
        ("12\n", 12.0, False),
        ("123456789.12345", 123456789.12345, False),
        # A number, but not all that was said: a decimal comma is a guess, and a double ends at 15 digits.
        ("1,5", 1.5, True),
        ("1234567890.123456789", 1234567890.1234567, True),
        # No number that we could vouch for.
        ("", None, True),
        ("1_000", None, True),
        ("1.000,5", None, True),
        ("1 000", None, True),
        ("١٢", None, True),
        ("0x10", None, True),
        ("12 kWh", None, True),
        ("1e400", None, True),
        ("-1e999", None, True),
        ("1e9999", None, True),
        ("nan", None, True),
        ("inf", None, True),
        ("Infinity", None, True),
        ("{}", None, True),
        ("-", None, True),
    ],
)
def test_a_text_is_a_number_or_kept_as_text(text: str, value: float | None, is_kept_as_text: bool) -> None:
    found = reading(sample(text))

    assert found.values == (value,)
    assert found.raw == ({"0": text} if is_kept_as_text else {})


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({}, (ENERGY, "Wh", None, "Sample.Periodic", "Outlet", "Raw")),
        (
            {"measurand": "", "unit": "", "phase": "", "context": ""},
            (ENERGY, "Wh", None, "Sample.Periodic", "Outlet", "Raw"),
        ),
        ({"measurand": POWER}, (POWER, "W", None, "Sample.Periodic", "Outlet", "Raw")),
        ({"measurand": "SoC"}, ("SoC", "Percent", None, "Sample.Periodic", "Outlet", "Raw")),
        (
            {"measurand": "Energy.Reactive.Import.Interval"},
            ("Energy.Reactive.Import.Interval", "Wh", None, "Sample.Periodic", "Outlet", "Raw"),
        ),
        ({"measurand": "Frequency"}, ("Frequency", "", None, "Sample.Periodic", "Outlet", "Raw")),
        (
            {
                "measurand": "Voltage",
                "unit": "V",
                "phase": "L1-N",
                "context": "Trigger",
                "location": "Cable",
                "format": "SignedData",
            },
            ("Voltage", "V", "L1-N", "Trigger", "Cable", "SignedData"),
        ),
        ({"measurand": "m" * 99, "phase": "p" * 99}, ("m" * 64, "", "p" * 64, "Sample.Periodic", "Outlet", "Raw")),
    ],
)
def test_what_was_not_sent_is_the_default_of_the_specification(sent: dict[str, str], kind: tuple[Any, ...]) -> None:
    assert reading(sample("1", **sent)).shape == (kind,)


def test_a_reading_keeps_the_order_sent() -> None:
    found = reading(sample("1"), sample("?"), sample("3", measurand="SoC"))

    assert found.values == (1.0, None, 3.0)
    assert [kind[0] for kind in found.shape] == [ENERGY, ENERGY, "SoC"]
    assert found.raw == {"1": "?"}


@pytest.mark.parametrize(
    ("timestamp", "at", "raw"),
    [(NOON_TEXT, NOON, {}), ("noon", None, {"at": "noon"}), ("", None, {"at": ""}), (None, None, {})],
)
def test_a_time_that_cannot_be_read_is_kept_as_text(
    timestamp: str | None, at: datetime | None, raw: dict[str, str]
) -> None:
    found = read([sample("1")], timestamp=timestamp, at=at, connector=1, transaction=None)

    assert found.at == at
    assert found.raw == raw


@given(samples=st.lists(SAMPLES, max_size=6), timestamp=st.none() | TEXTS, connector=st.integers())
def test_nothing_that_was_sampled_is_refused_or_lost(
    samples: Sequence[SampledValue], timestamp: str | None, connector: int
) -> None:
    found = read(samples, timestamp=timestamp, at=None, connector=connector, transaction=None)

    assert len(found.shape) == len(found.values) == len(samples)
    for position, each in enumerate(samples):
        value, text = found.values[position], found.raw.get(str(position))
        assert text == each.value or (text is None and value is not None and math.isclose(value, float(each.value)))
        assert value is None or math.isfinite(value)


# The digest: a repeat is the same, anything else is not --------------------------------------------------------------


@given(samples=st.lists(SAMPLES, max_size=4), timestamp=st.none() | TEXTS)
def test_the_same_reading_sent_again_has_the_same_digest(
    samples: Sequence[SampledValue], timestamp: str | None
) -> None:
    first, again = (
        read(
            [msgspec.structs.replace(each) for each in samples], timestamp=timestamp, at=at, connector=1, transaction=2
        )
        for at in (NOON, None)
    )

    assert first.digest == again.digest
    assert -(2**63) <= first.digest < 2**63


@given(samples=st.lists(SAMPLES, min_size=1, max_size=4), data=st.data())
def test_a_changed_field_changes_the_digest(samples: list[SampledValue], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(samples) - 1))
    field = data.draw(st.sampled_from(SampledValue.__struct_fields__))
    changed = list(samples)
    changed[position] = msgspec.structs.replace(samples[position], **{field: data.draw(TEXTS)})

    assert (reading(*changed).digest == reading(*samples).digest) == (changed == samples)


@example(("1\x1f2",), ("1", "2"))
@example(("\ud800",), ("?",))
@given(st.lists(TEXTS, max_size=3).map(tuple), st.lists(TEXTS, max_size=3).map(tuple))
def test_different_values_have_different_digests(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    digests = [reading(*(sample(text) for text in texts)).digest for texts in (first, second)]

    assert (digests[0] == digests[1]) == (first == second)


@pytest.mark.parametrize(
    ("timestamp", "connector", "transaction"),
    [("2026-07-01T12:00:01Z", 1, 7), (None, 1, 7), (NOON_TEXT, 2, 7), (NOON_TEXT, 1, 8), (NOON_TEXT, 1, None)],
)
def test_equal_numbers_of_another_moment_or_meter_are_another_reading(
    timestamp: str | None, connector: int, transaction: int | None
) -> None:
    other = read([sample("1")], timestamp=timestamp, at=NOON, connector=connector, transaction=transaction)

    assert other.digest != reading(sample("1")).digest


# The running summary --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "register_wh"),
    [
        ([sample("1500")], "1500"),
        ([sample("1.5", unit="kWh")], "1500"),
        ([sample("1.5", unit="KWH")], "1500"),
        ([sample("0.0015", unit="MWh")], "1500"),
        ([sample("1500", unit="WH")], "1500"),
        # What a double would make 300.00000000000006 stays exact.
        ([sample("0.1", phase="L1", unit="kWh"), sample("0.2", phase="L2", unit="kWh")], "300"),
        ([sample("0")], "0"),
        ([sample("-3")], "-3"),
        # A total wins over its phases; phases alone are summed; the neutral is no phase.
        ([sample("10", phase="L1"), sample("25"), sample("10", phase="L2")], "25"),
        ([sample("1", phase="L1"), sample("2", phase="L2"), sample("4", phase="L3"), sample("8", phase="N")], "7"),
        ([sample("1", phase="L1-N"), sample("2", phase="L2-N"), sample("4", phase="L3-N")], "7"),
        ([sample("1", phase="L1"), sample("2", phase="L1-N"), sample("4", phase="L2")], "5"),
        ([sample("1", phase="L1-L2")], None),
        ([sample("8", phase="N")], None),
        # Several contexts in one reading: the last is the newest, for phases one by one.
        ([sample("10", context="Transaction.Begin"), sample("20", context="Transaction.End")], "20"),
        (
            [
                sample("1", phase="L1", context="Transaction.Begin"),
                sample("2", phase="L2", context="Transaction.Begin"),
                sample("11", phase="L1", context="Transaction.End"),
                sample("12", phase="L2", context="Transaction.End"),
            ],
            "23",
        ),
        # What went into the car is measured at the outlet.
        ([sample("100"), sample("104", location="Inlet")], "100"),
        ([sample("104", location="Inlet")], "104"),
        ([sample("104", location="Inlet"), sample("10", phase="L1"), sample("20", phase="L2")], "30"),
        # What is no number of energy says nothing.
        ([], None),
        ([sample("")], None),
        ([sample("1", phase="L1"), sample("?", phase="L2")], None),
        ([sample("OCMF|{}", format="SignedData"), sample("5")], "5"),
        ([sample("1500", format="SignedData")], None),
        ([sample("16", unit="A")], None),
        ([sample("1500", measurand="Energy.Active.Export.Register")], None),
    ],
)
def test_the_energy_register_is_read_in_wh(samples: list[SampledValue], register_wh: str | None) -> None:
    found = progress(reading(*samples)).register_wh

    assert found == (None if register_wh is None else Decimal(register_wh))


@pytest.mark.parametrize(
    ("samples", "power_w"),
    [
        ([sample("11000", measurand=POWER)], 11000.0),
        ([sample("11", measurand=POWER, unit="kW")], 11000.0),
        ([sample("11", measurand=POWER, unit="KW")], 11000.0),
        ([sample("3", measurand=POWER, phase="L1"), sample("4", measurand=POWER, phase="L2")], 7.0),
        ([sample("0", measurand=POWER)], 0.0),
        ([sample("x", measurand=POWER)], None),
        # Times 1000 it is beyond what a double holds.
        ([sample("1e308", measurand=POWER, unit="kW")], None),
        ([sample("11000", measurand="Power.Offered")], None),
        ([sample("11000")], None),
    ],
)
def test_the_power_is_read_in_w(samples: list[SampledValue], power_w: float | None) -> None:
    assert progress(reading(*samples)).power_w == power_w


@pytest.mark.parametrize(
    ("samples", "soc"),
    [
        ([sample("55.5", measurand="SoC")], 55.5),
        ([sample("20", measurand="SoC", context="Transaction.Begin"), sample("80", measurand="SoC")], 80.0),
        ([sample("80", measurand="SoC"), sample("signed", measurand="SoC", format="SignedData")], 80.0),
        ([sample("", measurand="SoC")], None),
        ([sample("80")], None),
    ],
)
def test_the_state_of_charge_is_read_in_percent(samples: list[SampledValue], soc: float | None) -> None:
    assert progress(reading(*samples)).soc == soc


def test_readings_of_one_shape_have_each_their_own_numbers() -> None:
    found = [
        progress(reading(sample(energy), sample("7", measurand=POWER), sample("50", measurand="SoC")))
        for energy in ("1000", "2000")
    ]

    assert found == [Progress(Decimal(1000), 7.0, 50.0), Progress(Decimal(2000), 7.0, 50.0)]


@given(st.lists(SAMPLES, max_size=6))
def test_whatever_was_sampled_has_a_finite_summary(samples: list[SampledValue]) -> None:
    found = progress(reading(*samples))

    assert found.register_wh is None or found.register_wh.is_finite()
    assert found.power_w is None or math.isfinite(found.power_w)
    assert found.soc is None or math.isfinite(found.soc)


@given(wh=st.integers(0, 10**12))
def test_an_energy_in_kwh_is_exact_to_the_wh(wh: int) -> None:
    text = f"{wh // 1000}.{wh % 1000:03}"

    assert progress(reading(sample(text, unit="kWh"))).register_wh == wh


# The begin of a transaction -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "begin"),
    [
        ([], (None, None)),
        ([reading(sample("5"))], (None, None)),
        ([reading(sample("5", context="Transaction.Begin"))], (NOON, Decimal(5))),
        ([reading(sample("5", context="Transaction.Begin", unit="kWh"))], (NOON, Decimal(5000))),
        (
            [reading(sample("9", context="Transaction.End"), sample("5", context="Transaction.Begin"))],
            (NOON, Decimal(5)),
        ),
        ([reading(sample("9")), reading(sample("5", context="Transaction.Begin"))], (NOON, Decimal(5))),
        ([reading(sample("5", context="Transaction.Begin"), at=None)], (None, Decimal(5))),
        ([reading(sample("5", context="Transaction.Begin", measurand="Voltage"))], (NOON, None)),
        (
            [
                reading(
                    sample("2", phase="L1", context="Transaction.Begin"),
                    sample("3", phase="L2", context="Transaction.Begin"),
                )
            ],
            (NOON, Decimal(5)),
        ),
    ],
)
def test_the_begin_of_a_transaction_is_found_where_it_is_marked(
    readings: list[Reading], begin: tuple[datetime | None, Decimal | None]
) -> None:
    assert at_begin(readings) == begin
