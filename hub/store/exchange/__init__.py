"""What goes between a complaint and its counterparts at other systems, both ways."""
