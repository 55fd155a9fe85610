"""Checks of what the hub is built from, for the Makefile: licences, bill of materials, known vulnerabilities."""
