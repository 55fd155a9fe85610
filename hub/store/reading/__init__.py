"""What a viewer may see, as entities, lists, links and totals."""
