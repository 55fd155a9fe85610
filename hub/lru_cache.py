"""A cache that keeps the values that were used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class LruCache(Generic[T]):
    """A cache of the ``size`` most recently used values; no value may be None."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of ``key``, which ``make`` creates if there is none."""
        value = self._values.get(key)
        if value is None:
            return self.put(key, make())
        self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: T) -> T:
        """Keep ``value``, and return it."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value
