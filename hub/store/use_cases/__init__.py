"""Use cases, each one transaction over several parts of the store: submission, transitions, intake, forwarding."""
