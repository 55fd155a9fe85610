"""What the measurements share: one day, one key, one officer."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.auth.scopes import DESK_SCOPES
from hub.store.encryption import FieldCipher
from hub.viewer import Viewer, ViewerKind

DAY: date = datetime.now(ZoneInfo("Asia/Jakarta")).date()
SECRET = b"bench-bench-bench-bench-bench-be"
ENCRYPTION_KEY = b"k" * 32
CIPHER = FieldCipher([ENCRYPTION_KEY], SECRET)
OFFICER = Viewer(ViewerKind.OFFICER, "bench", DESK_SCOPES)
