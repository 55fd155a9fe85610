"""Queries of viewers: visibility, pagination, links, aggregates, look-ups and text search."""
