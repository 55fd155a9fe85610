"""Deliveries to other systems, written in the transaction of their cause (transactional outbox)."""
