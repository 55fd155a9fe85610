"""Example: what it is, in one sentence."""
