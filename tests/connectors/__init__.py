"""Tests of the connectors: what all of them must do (``contract``), and what each does besides."""
