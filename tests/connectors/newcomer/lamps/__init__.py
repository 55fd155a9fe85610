"""The street lamps of a power company that does not exist: what a new system's folder looks like."""
