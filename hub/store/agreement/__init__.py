"""Whether the two sides of each matter agree, kept by the writes to either side."""
