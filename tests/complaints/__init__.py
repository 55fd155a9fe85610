"""Tests of the complaint service's rules; none of them does I/O."""
