"""The feed: positions given to changes, pages of them and snapshots, as a viewer is told them."""
