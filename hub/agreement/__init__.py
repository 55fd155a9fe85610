"""Agreement: whether two systems that hold the same matter hold the same values. Pure.

Two systems of one kind of record are a **pair** (``pairs``): the key by which their records are matched, the fields
that both hold, and which side decides each of them; for a permit that depends on the permit. One matter is what both
hold under one key.

``comparison`` compares what the two sides hold. Its result depends on nothing else: neither on the order in which the
records arrived, nor on repetition or delay. ``assessment`` adds what depends on time and on what the hub did about it:
since when they differ, the cause, whether that is still within the window, and what happens next.
"""
