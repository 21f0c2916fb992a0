"""The generated client: made without a server, imported, and called once signed in."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Market

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

PROGRAM = """
import sys

from markethall_client import AuthenticatedClient
from markethall_client.api.catalog import catalog_read_product
from markethall_client.models import ProductOut

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
product = catalog_read_product.sync(sys.argv[3], client=client)
assert isinstance(product, ProductOut), product
print(product.sku, product.price.amount, product.price.currency)
"""


async def run(*command: str, folder: Path) -> tuple[int, str]:
    """Exit code and all output of one command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


class TestClient:
    async def test_is_made_without_a_server_and_reads_what_is_there(self, market: Market, tmp_path: Path) -> None:
        product = await market.product(price=1250, stock=0)
        code, told = await run("-m", "dev", "client", str(tmp_path), folder=ROOT)
        assert code == 0, told
        token = market.admin.identity()["Authorization"].removeprefix("Bearer ")
        code, told = await run("-c", PROGRAM, market.admin.base_url, token, product["id"], folder=tmp_path)
        assert code == 0, told
        assert told.split() == [product["sku"], "1250", "EUR"]

    async def test_is_refused_in_a_language_without_a_generator(self, tmp_path: Path) -> None:
        code, told = await run("-m", "dev", "client", str(tmp_path / "made"), "--language", "cobol", folder=ROOT)
        assert (code, "no generator for cobol" in told, (tmp_path / "made").exists()) == (1, True, False)
