"""``hub clients documents``: registers the persisted operations of a client."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.cli.client_common import Id, Json, get_client, read_file

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database


def documents(
    client_id: Id,
    manifest: Annotated[Path | None, typer.Argument(help="A manifest of Apollo or of @graphql-codegen.")] = None,
    replace_all: Annotated[bool, typer.Option("--replace", help="Remove the operations that are not in it.")] = False,
    only: Annotated[bool | None, typer.Option("--only/--any", help="Allow only registered operations, or any.")] = None,
    json: Json = False,
) -> None:
    """Register the persisted operations of a client, and optionally restrict it to them."""

    async def work(settings: Settings, store: Database) -> dict[str, Any]:
        from hub.api.graphql import persisted_manifests
        from hub.store.oauth import clients
        from hub.store.oauth import persisted_operations as registered

        await get_client(store, client_id)
        texts = persisted_manifests.read(read_file(manifest)) if manifest else []
        pinned = {} if only is None else {"documents_only": only}
        async with common.audited_write(store, "clients:documents", f"client:{client_id}", **pinned) as db:
            done = await registered.register(db, client_id, texts, replace=replace_all)
            if only is not None:
                await clients.set_documents_only(db, client_id, documents_only=only)
            client = common.require(await clients.get(db, client_id), client_id)
            total = await registered.count(db, client_id)
        return {"id": client_id, **asdict(done), "total": total, "documents_only": client.documents_only}

    result = common.run(work)
    allowed = "these only" if result["documents_only"] else "any operation"
    counts = f"{result['added']} new, {result['kept']} known, {result['removed']} removed, {result['total']} in total"
    line = f"{counts}; may send {allowed}."
    common.print_result(result, line, json=json)
