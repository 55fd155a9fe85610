"""Stores items of other systems as records: change detection, partial updates, quarantine, files, uploads."""
