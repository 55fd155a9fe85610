"""The authorization server: OAuth 2.0 and OpenID Connect with Authlib's synchronous core on async connections."""
