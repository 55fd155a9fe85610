"""Complaints: tickets, tracking codes, timelines, permissions and the access log."""
