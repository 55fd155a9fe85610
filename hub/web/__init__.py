"""The HTTP face of the graph: the endpoint, its limits, the pages and what operators look at."""
