"""Webhooks of clients: endpoints that the hub calls for each change of the feed that their client may see."""
