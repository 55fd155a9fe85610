"""Key rotation: re-encrypts with the first key what older keys encrypted, so that these can be removed.

Rows are re-encrypted in batches, each in a short transaction, while others read and write. Two runs at once are
harmless, and an interrupted run can be started again: rows that are done need no older key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Row, bindparam, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import ConfigurationError
from hub.store.database import Cause, Database
from hub.store.encryption import KEY_ID_LENGTH, FieldCipher
from hub.store.ingest.quarantine import ENCRYPTION_CONTEXT
from hub.store.tables import quarantine, reporters
from hub.store.tables.oauth import second_factors, signing_keys
from hub.store.tables.webhooks import webhooks

BATCH = 500
"""Rows re-encrypted in one transaction; other writers of these rows wait until it ends."""


@dataclass(frozen=True, slots=True)
class _EncryptedColumn:
    """A column with ciphertexts: the id of its rows, the context that they are bound to, and which rows are in use."""

    id: Column[Any]
    ciphertext: Column[bytes]
    context: str
    in_use: ColumnElement[bool]

    @property
    def key(self) -> ColumnElement[bytes]:
        """The id of the key that encrypted a row."""
        return func.substring(self.ciphertext, 1, KEY_ID_LENGTH, type_=LargeBinary)


_SIGNING = signing_keys.c
_ENCRYPTED_COLUMNS = (
    _EncryptedColumn(reporters.c.id, reporters.c.sealed, "reporters:{}", true()),
    _EncryptedColumn(quarantine.c.id, quarantine.c.sealed, ENCRYPTION_CONTEXT, quarantine.c.sealed.is_not(None)),
    _EncryptedColumn(second_factors.c.user_id, second_factors.c.sealed, "totp:{}", true()),
    _EncryptedColumn(webhooks.c.id, webhooks.c.sealed, "webhooks:{}", true()),
    # The private half of a signing key that is gone is never decrypted again.
    _EncryptedColumn(_SIGNING.kid, _SIGNING.sealed, "", or_(_SIGNING.gone_at.is_(None), _SIGNING.gone_at > func.now())),
)


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """The number of rows that need the first key, an older key, and a key that is missing in the configuration."""

    first: int
    older: int
    missing: int


async def key_usage(db: AsyncConnection, cipher: FieldCipher) -> KeyUsage:
    """Count the keys that the encrypted rows need. Reads all rows: about a second for a million."""
    counts: Counter[bytes] = Counter()
    for column in _ENCRYPTED_COLUMNS:
        counted = select(column.key.label("key"), func.count()).where(column.in_use).group_by("key")
        for key, count in await db.execute(counted):
            counts[key] += count
    first, older = counts[cipher.key_id], sum(counts[key] for key in cipher.older_key_ids)
    return KeyUsage(first, older, counts.total() - first - older)


async def reencrypt_all(database: Database, cause: Cause, cipher: FieldCipher) -> int:
    """Re-encrypt with the first key what other keys encrypted; return how many rows.

    A row that cannot be decrypted stays as it is.
    """
    done = 0
    for column in _ENCRYPTED_COLUMNS:
        after: Any = None
        while True:
            async with database.write(cause) as db:
                rows = await _next_rows(db, column, cipher, after)
                done += await _reencrypt_rows(db, column, cipher, rows)
            if not rows:
                break
            after = rows[-1].id
    return done


async def _next_rows(db: AsyncConnection, column: _EncryptedColumn, cipher: FieldCipher, after: Any) -> list[Row[Any]]:
    """Return the next rows that the first key did not encrypt, locked against writes until the transaction ends."""
    statement = select(column.id.label("id"), column.ciphertext.label("ciphertext")).where(
        column.in_use, column.key != cipher.key_id
    )
    if after is not None:
        statement = statement.where(column.id > after)
    return list(await db.execute(statement.order_by(column.id).limit(BATCH).with_for_update(key_share=True)))


async def _reencrypt_rows(
    db: AsyncConnection, column: _EncryptedColumn, cipher: FieldCipher, rows: list[Row[Any]]
) -> int:
    reencrypted = [
        (row.id, ciphertext)
        for row in rows
        if (ciphertext := _reencrypted(cipher, row.ciphertext, column.context.format(row.id)))
    ]
    if reencrypted:
        change = update(column.id.table).where(column.id == bindparam("at")).values(sealed=bindparam("reencrypted"))
        await db.execute(change, [{"at": id_, "reencrypted": ciphertext} for id_, ciphertext in reencrypted])
    return len(reencrypted)


def _reencrypted(cipher: FieldCipher, ciphertext: bytes, context: str) -> bytes | None:
    try:
        return cipher.reencrypt(ciphertext, context)
    except ConfigurationError:
        return None
