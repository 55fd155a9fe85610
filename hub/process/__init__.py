"""Processes: the private PostgreSQL, the children of ``hub run``, and what ``hub doctor`` looks at."""
