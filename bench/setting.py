"""What the measurements share: one day, one key, one officer."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.auth.scopes import DESK
from hub.store.sealing import Seal
from hub.viewer import Viewer, ViewerKind

DAY: date = datetime.now(ZoneInfo("Asia/Jakarta")).date()
SECRET = b"bench-bench-bench-bench-bench-be"
SEAL_KEY = b"k" * 32
SEAL = Seal([SEAL_KEY], SECRET)
OFFICER = Viewer(ViewerKind.OFFICER, "bench", DESK)
