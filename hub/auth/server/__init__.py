"""The authorization server: OAuth 2.0 and OpenID Connect, on Authlib's core inside an asynchronous connection."""
