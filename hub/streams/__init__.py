"""Streams of the feed: one reader of the database for each process, and any number of readers of the process."""
