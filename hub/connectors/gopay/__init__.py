"""Payments over SNAP BI: GoPay at the buses of the province, taxes and tickets (docs/upstream-contracts/gopay.md)."""
