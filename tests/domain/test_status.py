"""The status table walked from both ends: every OCPP word in, every OCPI word out."""

import pytest
from ocpp.v16.enums import ChargePointStatus

from csms.domain.status import FROM_OCPP, EvseStatus, shared_status

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
    assert shared_status(status) == DOCUMENTED[status]


@pytest.mark.parametrize("status", ChargePointStatus)
def test_a_status_read_back_as_plain_text_means_the_same(status: ChargePointStatus) -> None:
    assert shared_status(str(status.value)) is shared_status(status)


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
    assert shared_status(None) is EvseStatus.UNKNOWN


@pytest.mark.parametrize("word", ["Occupied", "", "available", "Offline"])
def test_a_word_that_is_not_in_ocpp_16_is_unknown(word: str) -> None:
    assert shared_status(word) is EvseStatus.UNKNOWN


@pytest.mark.parametrize("status", [*ChargePointStatus, None])
def test_an_evse_of_a_deleted_charge_box_is_removed_whatever_it_last_said(status: ChargePointStatus | None) -> None:
    assert shared_status(status, deleted=True) is EvseStatus.REMOVED
