"""The status table walked from both ends: every OCPP word in, every OCPI word out; and what is declared over it."""

from datetime import UTC, datetime, timedelta

import pytest
from ocpp.v16.enums import ChargePointStatus

from csms.domain.status import FROM_OCPP, EvseStatus, Override, TemporaryStatus, shared_status, technical_status

DOCUMENTED = {
    "Available": "AVAILABLE",
    "Reserved": "RESERVED",
    "Preparing": "CHARGING",
    "Charging": "CHARGING",
    "Finishing": "CHARGING",
    "SuspendedEV": "BLOCKED",
    "SuspendedEVSE": "BLOCKED",
    "Faulted": "OUTOFORDER",
    "Unavailable": "INOPERATIVE",
}
WITHOUT_OCPP_SOURCE = {EvseStatus.PLANNED, EvseStatus.REMOVED, EvseStatus.UNKNOWN}


@pytest.mark.parametrize("status", ChargePointStatus)
def test_every_ocpp_status_has_its_documented_meaning(status: ChargePointStatus) -> None:
    assert technical_status(status) == DOCUMENTED[status]


@pytest.mark.parametrize("status", ChargePointStatus)
def test_a_status_read_back_as_plain_text_means_the_same(status: ChargePointStatus) -> None:
    assert technical_status(str(status.value)) is technical_status(status)


@pytest.mark.parametrize("status", EvseStatus)
def test_every_ocpi_status_is_either_reported_or_known_to_have_no_ocpp_source(status: EvseStatus) -> None:
    assert (status in FROM_OCPP.values()) != (status in WITHOUT_OCPP_SOURCE)


def test_the_ocpi_names_are_the_ones_of_the_api() -> None:
    assert [status.value for status in EvseStatus] == [
        "AVAILABLE",
        "BLOCKED",
        "CHARGING",
        "INOPERATIVE",
        "OUTOFORDER",
        "PLANNED",
        "REMOVED",
        "RESERVED",
        "UNKNOWN",
    ]


def test_an_evse_that_reported_nothing_yet_is_unknown() -> None:
    assert technical_status(None) is EvseStatus.UNKNOWN


@pytest.mark.parametrize("word", ["Occupied", "", "available", "Offline"])
def test_a_word_that_is_not_in_ocpp_16_is_unknown(word: str) -> None:
    assert technical_status(word) is EvseStatus.UNKNOWN


@pytest.mark.parametrize("status", [*ChargePointStatus, None])
def test_an_evse_of_a_deleted_charge_box_is_removed_whatever_it_last_said(status: ChargePointStatus | None) -> None:
    assert technical_status(status, deleted=True) is EvseStatus.REMOVED


# ---- what is declared over it

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)


def declared(status: str, *, id: int = 1, hours_from: float = -1, hours_to: float | None = None) -> Override:
    """A temporary status, with its begin and end in hours from now."""
    valid_to = None if hours_to is None else NOW + timedelta(hours=hours_to)
    return Override(id, TemporaryStatus(status), NOW + timedelta(hours=hours_from), valid_to)


@pytest.mark.parametrize(
    ("status", "shared"),
    [
        ("MAINTENANCE", "INOPERATIVE"),
        ("COMMISSIONING", "PLANNED"),
        ("BLOCKED", "BLOCKED"),
        ("RESERVED", "RESERVED"),
    ],
)
@pytest.mark.parametrize("reported", [*ChargePointStatus, None])
def test_a_temporary_status_is_shared_whatever_was_reported(
    status: str, shared: str, reported: ChargePointStatus | None
) -> None:
    assert shared_status(reported, [declared(status)], now=NOW) == shared


def test_every_temporary_status_has_a_meaning() -> None:
    assert {shared_status("Available", [declared(status)], now=NOW) for status in TemporaryStatus} == {
        EvseStatus.INOPERATIVE,
        EvseStatus.PLANNED,
        EvseStatus.BLOCKED,
        EvseStatus.RESERVED,
    }


def test_without_a_temporary_status_the_technical_one_is_shared() -> None:
    assert shared_status("Charging", [], now=NOW) is EvseStatus.CHARGING
    assert shared_status(None, [], now=NOW) is EvseStatus.UNKNOWN


@pytest.mark.parametrize(
    ("hours_from", "hours_to", "in_force"),
    [(0.001, None, False), (0, None, True), (-1, 0.001, True), (-1, 0, False), (-2, -1, False)],
)
def test_a_temporary_status_begins_and_ends_by_itself(
    hours_from: float, hours_to: float | None, in_force: bool
) -> None:
    override = declared("RESERVED", hours_from=hours_from, hours_to=hours_to)
    assert shared_status("Available", [override], now=NOW) == ("RESERVED" if in_force else "AVAILABLE")


def test_the_one_that_began_last_counts() -> None:
    long = declared("COMMISSIONING", id=7, hours_from=-9)
    short = declared("RESERVED", id=2, hours_from=-1, hours_to=1)
    over = declared("MAINTENANCE", id=9, hours_from=-0.5, hours_to=-0.1)
    to_come = declared("BLOCKED", id=10, hours_from=1)
    for overrides in ([long, short, over, to_come], [to_come, over, short, long]):
        assert shared_status("Available", overrides, now=NOW) is EvseStatus.RESERVED


def test_of_two_that_began_together_the_one_made_last_counts() -> None:
    first, second = declared("RESERVED", id=1), declared("BLOCKED", id=2)
    assert shared_status(None, [second, first], now=NOW) is EvseStatus.BLOCKED


def test_a_removed_evse_is_removed_whatever_was_declared() -> None:
    assert shared_status("Available", [declared("RESERVED")], now=NOW, deleted=True) is EvseStatus.REMOVED
