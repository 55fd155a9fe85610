"""Streams over HTTP: who has one open, for how long, and the forms in which events are sent."""
