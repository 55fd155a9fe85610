"""The exchange with other systems: ingest, pulls, uploads, webhooks, deliveries, and the worker that runs them."""
