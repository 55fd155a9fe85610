"""Complaints as they are submitted and moved along, with their timelines."""
