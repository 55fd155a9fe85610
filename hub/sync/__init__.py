"""Records in and changes out: the one way in, pulls, deliveries, and the feed's positions."""
