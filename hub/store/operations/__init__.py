"""What operators of the hub see and do: issues, systems, quarantine, deliveries, clients, users, jobs and keys."""
