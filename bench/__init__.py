"""Measurements. Claims are ratios measured side by side in one run; ``make bench`` writes ``results.json``."""
