"""Records in and out: ingest, pull."""
