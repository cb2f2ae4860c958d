from csms.ocpp.errors import ErrorCode, OcppError


def test_the_codes_are_those_of_table_7_with_its_misprints() -> None:
    assert {code.value for code in ErrorCode} == {
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    }


def test_an_error_carries_data_and_prints_a_sentence() -> None:
    error = OcppError(ErrorCode.PROTOCOL_ERROR, "idTag is missing", {"field": "idTag"})

    assert str(error) == "ProtocolError: idTag is missing"
    assert (error.code, error.description, error.details) == ("ProtocolError", "idTag is missing", {"field": "idTag"})
    assert str(OcppError(ErrorCode.INTERNAL_ERROR)) == "InternalError"
    assert OcppError(ErrorCode.INTERNAL_ERROR).details == {}
