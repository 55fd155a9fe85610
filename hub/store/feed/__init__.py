"""The change feed: positions assigned to changes, pages and snapshots, restricted to what a viewer may see."""
