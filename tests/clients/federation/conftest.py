"""One process per subgraph of the filled hub, and gateways over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.clients import install
from tests.clients.composition import NAMES, composed
from tests.clients.federation.filling import fill_more, partner_token
from tests.clients.federation.known_values import Known, known
from tests.clients.gateways import apollo_gateway, hive_gateway
from tests.clients.hub_server import Hub

GATEWAYS = {"hive": hive_gateway, "apollo": apollo_gateway}


@dataclass(frozen=True, slots=True)
class Supergraph:
    """The URLs of the subgraphs by name, and what each composer makes of them, by the name of the gateway."""

    urls: Mapping[str, str]
    files: Mapping[str, Path]


@pytest.fixture(scope="package")
async def supergraph(hub: Hub, url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supergraph]:
    """The supergraph, while each subgraph is served by a process of its own; clients reach all of them at one URL."""
    await install()
    folder = tmp_path_factory.mktemp("gateway")
    part = replace(hub, folder=folder, environment={**hub.environment, "HUB_PUBLIC_URL": url})
    async with part.serve(**{name: {"--subgraph": name} for name in NAMES}) as urls:
        results = await composed(hub, NAMES, urls, folder, plain=True)
        files = {}
        for gateway, composer in (("hive", "guild"), ("apollo", "apollo")):
            files[gateway] = folder / f"{gateway}.graphql"
            files[gateway].write_text(results[composer].supergraph or "")
        yield Supergraph(urls, files)


@pytest.fixture(scope="package")
async def hive(supergraph: Supergraph) -> AsyncIterator[str]:
    """The URL of Hive Gateway over all subgraphs."""
    async with hive_gateway(supergraph.files["hive"]) as url:
        yield url


@pytest.fixture(scope="package")
async def apollo(supergraph: Supergraph) -> AsyncIterator[str]:
    """The URL of Apollo Gateway over all subgraphs, composed by Apollo without what is for routers."""
    async with apollo_gateway(supergraph.files["apollo"]) as url:
        yield url


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest) -> str:
    """The URL of each gateway."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="package")
async def partner(hub: Hub, url: str) -> str:
    """The access token of a partner. The hub then has rows of more types."""
    await fill_more(hub, url)
    return await partner_token(hub, url)


@pytest.fixture(scope="package")
async def found(url: str, partner: str) -> Known:
    """Ids and keys of what the hub has."""
    return await known(url)
