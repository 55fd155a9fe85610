"""The HTTP endpoints: GraphQL, bulk upload, snapshots, files, webhooks, health, metrics, pages."""
