"""Pages: cursors that cannot be mangled, and walks that neither skip nor repeat."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import Dated, NotACursor, Opaque
from tests.api.conftest import Api
from tests.api.test_app import refusal

IDS: Opaque[tuple[int]] = Opaque("things", int)
MOMENTS: Opaque[tuple[datetime, str]] = Opaque("moments", datetime, str)
_BIGINTS = st.integers(-(2**63), 2**63 - 1)
_TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))


@given(_BIGINTS)
def test_a_cursor_is_url_safe_and_reads_back(number: int) -> None:
    cursor = IDS.write((number,))
    assert not set(cursor) & set("=+&/%# ")
    assert IDS.read(cursor) == (number,)


@given(_TIMES, st.text())
def test_a_cursor_of_several_parts_reads_back(moment: datetime, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert MOMENTS.read(MOMENTS.write((moment, text))) == (moment, text)


@given(_TIMES, st.integers(0, 2**63 - 1))
def test_a_dated_cursor_has_the_documented_form_and_reads_back(moment: datetime, number: int) -> None:
    cursor = Dated().write((moment, number))
    assert cursor.endswith(f"Z-{number}")
    assert Dated().read(cursor) == (moment, number)


def test_the_documented_cursor_is_read() -> None:
    assert Dated().read("2000-01-01T00:00:00.000Z-123456") == (datetime(2000, 1, 1, tzinfo=UTC), 123456)


@given(st.text(max_size=40))
def test_what_was_never_written_is_no_cursor(text: str) -> None:
    for cursors in (IDS, MOMENTS, Dated()):
        with pytest.raises(NotACursor):
            cursors.read(text)


def test_a_mangled_cursor_and_one_of_another_list_are_none() -> None:
    cursor = IDS.write((42,))
    for wrong in (cursor[:-1], cursor + "A", cursor.swapcase(), Opaque("others", int).write((42,))):
        with pytest.raises(NotACursor):
            IDS.read(wrong)


@pytest.fixture
async def models(api: Api) -> list[int]:
    """The ids of all charge box models, the longest list of a fresh installation."""
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.viewer.get(f"/v2/chargeboxes/models?limit=100&nextPageCursor={cursor}")).json()
        found += [model["id"] for model in page["data"]]
        cursor = page["nextPageCursor"]
    assert len(found) > 30
    return found


async def test_a_walk_forward_and_back_sees_every_row_once(api: Api, models: list[int]) -> None:
    forward: list[int] = []
    url = "/v2/chargeboxes/models?limit=7"
    page = (await api.viewer.get(url)).json()
    assert page["previousPageCursor"] is None
    pages = [page]
    while page["nextPageCursor"]:
        # Raw in the URL, as clients send it.
        page = (await api.viewer.get(f"{url}&nextPageCursor={page['nextPageCursor']}")).json()
        pages.append(page)
    forward = [model["id"] for page in pages for model in page["data"]]
    assert forward == models
    backward = [page["data"]]
    while page["previousPageCursor"]:
        page = (await api.viewer.get(f"{url}&previousPageCursor={page['previousPageCursor']}")).json()
        backward.insert(0, page["data"])
    assert [model["id"] for data in backward for model in data] == models
    assert page["previousPageCursor"] is None
    assert page["nextPageCursor"] is not None


async def test_rows_that_are_inserted_meanwhile_make_no_row_repeat_or_be_skipped(api: Api) -> None:
    old = [(await api.location(name=f"old {n}"))["id"] for n in range(5)]
    first = (await api.viewer.get("/v2/locations?limit=2")).json()
    new = [(await api.location(name=f"new {n}"))["id"] for n in range(2)]
    second = (await api.viewer.get(f"/v2/locations?limit=2&nextPageCursor={first['nextPageCursor']}")).json()
    third = (await api.viewer.get(f"/v2/locations?limit=9&nextPageCursor={second['nextPageCursor']}")).json()
    back = (await api.viewer.get(f"/v2/locations?limit=2&previousPageCursor={second['previousPageCursor']}")).json()
    assert [row["id"] for page in (first, second, third) for row in page["data"]] == old + new
    assert back["data"] == first["data"]
    assert third["nextPageCursor"] is None


async def test_the_limit_is_clamped_above_and_refused_below(api: Api, models: list[int]) -> None:
    above = await api.viewer.get("/v2/chargeboxes/models?limit=99999")
    assert len(above.json()["data"]) == min(100, len(models))
    assert len((await api.viewer.get("/v2/chargeboxes/models")).json()["data"]) == 25
    for wrong in ("0", "-1", "many", "1.5"):
        refused = await api.viewer.get(f"/v2/chargeboxes/models?limit={wrong}")
        assert (refused.status_code, refusal(refused)["details"][0]["field"]) == (400, "limit")


@pytest.mark.parametrize("query", ["nextPageCursor=nonsense", "previousPageCursor=My0xMDAw", "nextPageCursor=%00"])
async def test_a_cursor_that_is_none_is_400(api: Api, query: str) -> None:
    for path in ("/v2/chargeboxes", "/v2/chargeboxes/unknown", "/v2/evses", "/v2/locations", "/v2/transactions"):
        response = await api.viewer.get(f"{path}?{query}")
        assert response.status_code == 400
        assert refusal(response)["details"][0]["field"] == query.partition("=")[0]


async def test_both_cursors_at_once_are_400(api: Api) -> None:
    first = (await api.viewer.get("/v2/chargeboxes/models?limit=2")).json()["nextPageCursor"]
    both = await api.viewer.get(f"/v2/chargeboxes/models?nextPageCursor={first}&previousPageCursor={first}")
    assert (both.status_code, refusal(both)["details"][0]["field"]) == (400, "previousPageCursor")


async def test_arrays_in_a_query_have_three_spellings(api: Api) -> None:
    a, b, _ = [(await api.location(name=f"place {n}"))["id"] for n in range(3)]
    for query in (f"ids={a}&ids={b}", f"ids={a},{b}", f"ids[]={a}&ids[]={b}", f"ids%5B%5D={a}&ids%5b%5d={b}"):
        response: httpx.Response = await api.viewer.get(f"/v2/locations?{query}")
        assert [row["id"] for row in response.json()["data"]] == [a, b], query
    for query in ("ids=1,x", "ids=1,1.0", "ids=1,1_0", "ids=1,", "ids=1&ids="):
        wrong = await api.viewer.get(f"/v2/locations?{query}")
        assert (wrong.status_code, refusal(wrong)["details"][0]["field"]) == (400, "ids.1"), query
