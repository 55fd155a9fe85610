"""The console: pages for officers who operate the hub, as clients of its graph with the officer as the viewer."""
