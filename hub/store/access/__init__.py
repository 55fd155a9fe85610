"""Clients, people and what was granted to whom, as the authorization server keeps them."""
