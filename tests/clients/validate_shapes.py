"""Validates JSON-LD files against SHACL shapes; run by the Python that has pyshacl.

Arguments: the shapes (Turtle), then the files. Prints JSON: for each file, whether it conforms, and the wrong paths.
"""

from __future__ import annotations

import json
import sys

from pyshacl import validate  # type: ignore[import-not-found, unused-ignore]
from rdflib import Graph  # type: ignore[import-not-found, unused-ignore]
from rdflib.namespace import SH  # type: ignore[import-not-found, unused-ignore]

shapes, *files = sys.argv[1:]
graph = Graph().parse(shapes, format="turtle")
found = []
for file in files:
    conforms, report, _ = validate(Graph().parse(file, format="json-ld"), shacl_graph=graph, meta_shacl=True)
    paths = {str(path).rpartition("#")[2].rpartition("/")[2] for path in report.objects(None, SH.resultPath)}
    found.append({"conforms": conforms, "paths": sorted(paths)})
print(json.dumps(found))
