"""Tests of the part licensing."""
