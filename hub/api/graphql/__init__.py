"""GraphQL over HTTP: requests, validation, limits, cost, persisted operations."""
