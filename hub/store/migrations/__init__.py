"""Migrations of the hub's schema."""
