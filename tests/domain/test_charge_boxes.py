"""The two names of a charge box."""

import pytest

from csms.domain.charge_boxes import ChargeBoxKey


def test_a_charge_box_reads_as_its_identity() -> None:
    assert str(ChargeBoxKey(7, "DK.1")) == "DK.1"


@pytest.mark.parametrize("other", [ChargeBoxKey(8, "DK.1"), ChargeBoxKey(7, "DK.2")])
def test_two_charge_boxes_are_the_same_if_both_names_are(other: ChargeBoxKey) -> None:
    key = ChargeBoxKey(7, "DK.1")

    assert key == ChargeBoxKey(7, "DK.1")
    assert key != other
