"""Payments over SNAP BI: GoPay at the buses of the province, taxes and tickets (contracts B.1 to B.5, B.8, L.2)."""
