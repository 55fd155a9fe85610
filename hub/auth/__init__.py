"""Who a request comes from: makes the viewer from a token."""
