"""The environment variables that the GoPay connector and its sandbox share, and their key files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return made-up credentials; the secrets derive from the key, so they are the same at every start."""
    file, notify = folder / "gopay.pem", folder / "gopay-notify.pem"
    for each in (file, notify):
        if not each.exists():
            make_key(each)
    key = file.read_bytes()
    return {
        "HUB_GOPAY_URL": url,
        "HUB_GOPAY_CLIENT_KEY": "hub-demo",
        "HUB_GOPAY_PRIVATE_KEY_FILE": str(file),
        "HUB_GOPAY_CLIENT_SECRET": hashlib.sha256(b"client" + key).hexdigest(),
        "HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE": str(notify.with_suffix(".pub")),
        "HUB_GOPAY_SERVER_KEY": hashlib.sha256(b"server" + key).hexdigest(),
        "HUB_GOPAY_PARTNER_ID": "HUBJATENG",
        "HUB_GOPAY_CHANNEL_ID": "95221",
    }


def make_key(file: Path) -> None:
    """Write a new RSA key to ``file``, readable by its owner only, and its public half beside it as ``.pub``."""
    key = generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(file.with_suffix(".pub"), public)
    _write(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _write(file: Path, pem: bytes) -> None:
    """Write ``pem`` to ``file`` in one step, so that no reader sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(pem)
    draft.replace(file)
