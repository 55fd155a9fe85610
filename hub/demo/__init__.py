"""The demo world, which demo data and sandboxes share: invented, deterministic from a seed and a day. No I/O."""
