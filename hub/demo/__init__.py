"""The demo world: invented, deterministic from a seed and a day; what demo data and sandboxes agree on. No I/O."""
