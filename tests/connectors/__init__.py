"""Tests of the connectors: the contract that all of them fulfil, and what each does besides."""
