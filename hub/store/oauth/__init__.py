"""The data of the authorization server: clients, users, sessions, consents, grants and signing keys."""
