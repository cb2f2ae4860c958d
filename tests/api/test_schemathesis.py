"""The running server against its own OpenAPI document, asked by schemathesis over a real socket."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from csms.domain.roles import ApiRole
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, Served

_ROOT = Path(__file__).parents[2]
_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


async def _furnish(api: Api) -> None:
    """One of everything, each with the id 1, so that requests have something to hit."""
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        transaction = await end.start("CAFE01", at="2026-01-01T12:00:00Z")
        await end.meter(transaction, at="2026-01-01T12:10:00Z", Energy_Active_Import_Register=2000)
        await end.stop(transaction, meter=3000, at="2026-01-01T12:30:00Z")
    tariff = {"currency": "DKK", "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5}]}]}
    tariff_id = (await api.editor.post("/v2/tariffs", json=tariff)).json()["id"]
    group = {"name": "Guests", "customerId": 1, "pricing": {"tariffId": tariff_id}}
    for path, body in (
        ("/v2/token-groups", {"name": "Taxis"}),
        ("/v2/voucher-groups", group),
        ("/v2/vouchers", {"code": "TT-1", "voucherGroupId": 1}),
        ("/v2/temporary-evse-statuses", {"evseId": box["evses"][0]["evseId"], "temporaryStatus": "RESERVED"}),
    ):
        assert (await api.editor.post(path, json=body)).status_code == 201, path


@pytest.mark.timeout(300)
async def test_schemathesis_finds_nothing(api: Api, served: Served, keys: dict[ApiRole, str], tmp_path: Path) -> None:
    await _furnish(api)
    command = (
        *(sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"),
        *("--config-file", str(_CONFIGURATION), "run", f"{served.url}/openapi.json", "--no-color", "--max-examples=3"),
        *("--checks=all", "--exclude-checks=missing_required_header"),
        *("--header", f"Authorization: Bearer {keys[ApiRole.admin]}"),
    )
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, report.decode()
