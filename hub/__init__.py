"""Simpul: the GraphQL integration hub for Central Java."""
