"""The pages for the public, in Indonesian and English: clients of the hub's own graph, without a private way to it."""
