"""Tests of the pages for the public."""
