"""The cache of recently used values."""

from __future__ import annotations

import pytest

from hub.lru_cache import LruCache


def test_a_value_is_made_once() -> None:
    cache: LruCache[str] = LruCache(2)
    assert [cache.get("a", lambda: "first"), cache.get("a", lambda: "second")] == ["first", "first"]
    assert "a" in cache


def test_the_value_unused_for_longest_is_dropped() -> None:
    cache: LruCache[str] = LruCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, key.upper)
    assert [key in cache for key in "abc"] == [True, False, True]


def test_a_failure_keeps_nothing() -> None:
    cache: LruCache[float] = LruCache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert "a" not in cache


def test_a_value_can_be_replaced() -> None:
    cache: LruCache[str] = LruCache(1)
    cache.put("a", "old")
    assert cache.put("a", "new") == cache.get("a", lambda: "made") == "new"
