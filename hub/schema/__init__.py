"""The graph: one module a part, and what parts are made of."""
