"""The pages for signing in, consent and the account: rendered on the server, in two languages, without scripts."""
