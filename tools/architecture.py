"""Draws the packages of ``hub`` in their layers, with the imports between them; ``make architecture``.

The layers are those of the import contract of ``hub`` in ``pyproject.toml``; the arrows come from the imports in the
code. An arrow that follows from others is left out of the drawing: the tooltip of a box lists all that it imports.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"

PURPOSE = {
    "__main__": "entry point",
    "agreement": "pairs, no I/O",
    "api": "HTTP endpoints",
    "app": "wires it all",
    "auth": "viewers; OAuth",
    "bounds": "limits of values",
    "cli": "commands",
    "complaints": "rules, no I/O",
    "connectors": "a folder a system",
    "contract": "data of pulls",
    "demo": "invented world",
    "executor": "runs operations",
    "http_client": "calls to others",
    "kept_columns": "what is kept",
    "kinds": "core kinds",
    "pages": "the public's pages",
    "runtime": "processes",
    "schema": "GraphQL graph",
    "settings": "HUB_* values",
    "store": "every SQL query",
    "streams": "followers of the feed",
    "sync": "the worker",
    "tacit_approval": "silence approves",
    "testing": "connector tests",
    "tracing": "spans by OTLP",
    "viewer": "the caller",
    "web": "HTTP middleware",
}
"""What is written below the name of each box."""

WIDTH, TOP, ROW, HEIGHT, GAP = 690, 28, 104, 60, 12
"""Pixels: the drawing, its margin, the distance of the layers, the height of a box, and what lies between boxes."""
PACKAGE, MODULE, LANE = 190, 168, 14
"""Pixels: how wide are the boxes of packages and of single modules, and the lane of a long arrow between them."""
ABREAST = 3
"""Boxes in a line; a layer that has more is drawn in several lines."""

Edge = tuple[str, str]
Row = list[str]
"""The names in one layer from left to right; a long arrow passes a layer as ``target@layer``."""


def layers() -> list[list[str]]:
    """Return the packages and modules below ``hub``, from the highest layer to the lowest."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (declared,) = (each["layers"] for each in contracts if each["type"] == "layers" and each["containers"] == ["hub"])
    return [[name.strip(" ()") for name in line.replace(":", "|").split("|")] for line in declared]


def imports() -> set[Edge]:
    """Which package or module below ``hub`` imports which other one."""
    graph = grimp.build_graph("hub")
    tops = {module: module.split(".")[1] for module in graph.modules if "." in module}
    found = {
        (top, tops[imported])
        for module, top in tops.items()
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in tops
    }
    return {(importer, imported) for importer, imported in found if importer != imported}


def reduced(edges: Iterable[Edge]) -> set[Edge]:
    """Return the edges of an acyclic graph that do not follow from others."""
    kept = set(edges)
    below: dict[str, set[str]] = {name: set() for edge in kept for name in edge}

    def reach(name: str) -> set[str]:
        if not below[name]:
            for importer, imported in kept:
                if importer == name:
                    below[name] |= {imported} | reach(imported)
        return below[name]

    return {
        (importer, imported)
        for importer, imported in kept
        if not any(imported in reach(other) for start, other in kept if start == importer)
    }


def routed(rows: Sequence[Row], edges: Iterable[Edge]) -> tuple[list[Row], set[Edge]]:
    """Return the rows with lanes for long arrows, and the arrows from row to row; arrows to one box share a lane."""
    row = {name: number for number, names in enumerate(rows) for name in names}
    wide, short = [list(names) for names in rows], set()
    for importer, imported in sorted(edges):
        between = [f"{imported}@{number}" for number in range(row[importer] + 1, row[imported])]
        for lane, number in zip(between, range(row[importer] + 1, row[imported]), strict=True):
            if lane not in wide[number]:
                wide[number].append(lane)
        short |= set(pairwise([importer, *between, imported]))
    return wide, short


def sorted_rows(rows: Sequence[Row], edges: Iterable[Edge]) -> list[Row]:
    """Return the rows in an order in which few arrows cross: each name near the middle of what it is connected with."""
    best = current = [sorted(names) for names in rows]
    downward = [(number, number - 1) for number in range(1, len(rows))]
    upward = [(number, number + 1) for number in reversed(range(len(rows) - 1))]
    for number, beside in [*downward, *upward] * 12:
        current = list(current)
        current[number] = _by_middle(current[number], current[beside], edges)
        best = min(best, current, key=lambda order: crossings(order, edges))
    return best


def _by_middle(names: Row, beside: Row, edges: Iterable[Edge]) -> Row:
    def middle(name: str) -> float:
        places = [beside.index(other) for edge in edges if name in edge for other in edge if other in beside]
        return sum(places) / len(places) if places else names.index(name)

    return sorted(names, key=lambda name: (middle(name), name))


def crossings(rows: Sequence[Row], edges: Iterable[Edge]) -> int:
    """How many pairs of arrows cross."""
    at = {name: (number, place) for number, names in enumerate(rows) for place, name in enumerate(names)}
    lines = [(at[importer][0], at[importer][1], at[imported][1]) for importer, imported in edges]
    return sum(one[0] == other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0 for one in lines for other in lines)


def middles(rows: Sequence[Row], edges: Iterable[Edge]) -> dict[str, float]:
    """Return the middle of each name in pixels: as near as space allows to what it is connected with."""
    found = {name: x for names in rows for name, x in zip(names, _spread(names), strict=True)}
    near = [(one, other) for edge in edges for one, other in (edge, edge[::-1])]
    for _ in range(40):
        for names in rows:
            wished = []
            for name in names:
                others = [found[other] for one, other in near if one == name]
                wished.append(sum(others) / len(others) if others else found[name])
            found |= dict(zip(names, _apart(names, wished), strict=True))
    return found


def _lines(names: Row) -> list[Row]:
    """Return a layer in lines of at most ``ABREAST`` boxes."""
    count = -(-len(names) // ABREAST)
    return [names[line::count] for line in range(count)]


def _wide(name: str) -> int:
    if "@" in name:
        return LANE
    return PACKAGE if (ROOT / "hub" / name).is_dir() else MODULE


def _spread(names: Row) -> list[float]:
    return _apart(names, [WIDTH / 2] * len(names))


def _apart(names: Row, wished: Sequence[float]) -> list[float]:
    """``wished`` moved apart as far as the widths demand, within the drawing, to both sides alike."""
    right = _pushed(names, wished)
    left = [WIDTH - x for x in reversed(_pushed(names[::-1], [WIDTH - x for x in reversed(wished)]))]
    return [(one + other) / 2 for one, other in zip(left, right, strict=True)]


def _pushed(names: Row, wished: Sequence[float]) -> list[float]:
    """``wished`` moved to the right where boxes would touch, and back where the last would leave the drawing."""
    lefts: list[float] = []
    for name, x in zip(names, wished, strict=True):
        least = lefts[-1] + _wide(names[len(lefts) - 1]) + GAP if lefts else GAP
        lefts.append(max(least, x - _wide(name) / 2))
    most = float(WIDTH - GAP)
    for place in reversed(range(len(names))):
        lefts[place] = min(lefts[place], most - _wide(names[place]))
        most = lefts[place] - GAP
    return [left + _wide(name) / 2 for left, name in zip(lefts, names, strict=True)]


def picture(rows: Sequence[Row], edges: set[Edge], packages: Collection[str]) -> str:
    """Return the drawing as SVG.

    The modules of the lowest layers, below all ``packages``, are one box without arrows.
    """
    drawn = list(rows)
    while drawn and not {*packages} & {*drawn[-1]}:
        drawn.pop()
    base = [name for names in rows[len(drawn) :] for name in names]
    layer = {name: number for number, names in enumerate(drawn) for name in names}
    # Exceptions of the contract lead upwards; only the tooltip shows them.
    arrows = reduced(edge for edge in edges if layer.keys() >= {*edge} and layer[edge[0]] < layer[edge[1]])
    split = [_lines(names) for names in drawn]
    lines, short = routed([line for part in split for line in part], arrows)
    lines = sorted_rows(lines, short)
    x = middles(lines, short)
    y = {name: TOP + number * ROW for number, names in enumerate(lines) for name in names}
    boxes = [_box(name, x[name], y[name], edges) for names in drawn for name in names]
    end = TOP + len(lines) * ROW
    shapes = [*_bands([len(part) for part in split]), *(_line(edge, short, x, y) for edge in sorted(short)), *boxes]
    return "\n".join([_head(end + HEIGHT + TOP), *shapes, *_base(base, end), "</svg>", ""])


def _bands(heights: Sequence[int]) -> list[str]:
    """Return a stripe behind every other layer; ``heights`` are in lines."""
    tops = [TOP + sum(heights[:layer]) * ROW - (ROW - HEIGHT) // 2 for layer in range(len(heights))]
    bands = list(zip(tops, heights, strict=True))[1::2]
    return [f'<rect class="band" y="{top}" width="{WIDTH}" height="{lines * ROW}"/>' for top, lines in bands]


def _head(height: int) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<title>The packages of hub in their layers</title>
<desc>An arrow leads from a package to one that it imports. Written by tools/architecture.py.</desc>
<style>
text {{ font-family: system-ui, sans-serif; text-anchor: middle; fill: #1f2933 }}
.name {{ font-size: 21px; font-weight: 600 }}
.purpose {{ font-size: 19px; fill: #52606d }}
.box {{ fill: #eef4fb; stroke: #7b9cc0; stroke-width: 1.5 }}
.band {{ fill: #f6f7f9 }}
.base {{ fill: #f5f5f2; stroke: #b5b2a8; stroke-width: 1.5 }}
path {{ fill: none; stroke: #8796a5; stroke-width: 2 }}
.head {{ fill: #8796a5; stroke: none }}
</style>
<rect width="100%" height="100%" fill="#ffffff"/>"""


def _line(edge: Edge, edges: set[Edge], x: Mapping[str, float], y: Mapping[str, int]) -> str:
    importer, imported = edge
    leaving = sorted((x[other], other) for start, other in edges if start == importer)
    coming = sorted((x[other], other) for other, end in edges if end == imported)
    start = _port(importer, x, [name for _, name in leaving].index(imported), len(leaving))
    end = _port(imported, x, [name for _, name in coming].index(importer), len(coming))
    top, tip = y[importer] + HEIGHT, y[imported] - 9
    bend = (y[imported] - top) / 2
    curve = f"M{start:.0f} {top} C{start:.0f} {top + bend:.0f} {end:.0f} {y[imported] - bend:.0f} {end:.0f} {tip}"
    # A long arrow is one line: it goes on through the layers that it passes.
    if "@" in imported:
        return f'<path d="{curve} V{y[imported] + HEIGHT}"/>'
    return f'<path d="{curve}"/><path class="head" d="M{end:.0f} {tip + 8} l-6 -10 h12 z"/>'


def _port(name: str, x: Mapping[str, float], place: int, count: int) -> float:
    """Where an arrow touches a box: the arrows share the middle half of its edge; a lane has one line."""
    return x[name] if "@" in name else x[name] + _wide(name) / 2 * ((place + 1) / (count + 1) - 0.5) * 1.5


def _box(name: str, x: float, y: int, edges: Iterable[Edge]) -> str:
    imported = ", ".join(sorted(other for one, other in edges if one == name)) or "nothing"
    return (
        f"<g><title>{name} imports {imported}</title>"
        f'<rect class="box" x="{x - _wide(name) / 2:.0f}" y="{y}" width="{_wide(name)}" height="{HEIGHT}" rx="8"/>'
        f'<text class="name" x="{x:.0f}" y="{y + 25}">{name}</text>'
        f'<text class="purpose" x="{x:.0f}" y="{y + 48}">{escape(PURPOSE[name])}</text></g>'
    )


def _base(names: Sequence[str], y: int) -> list[str]:
    """Return the modules that anything above may import, in two lines."""
    half = (len(names) + 1) // 2
    box = f'<rect class="base" x="{GAP}" y="{y}" width="{WIDTH - 2 * GAP}" height="{HEIGHT}" rx="8"/>'
    parts = ((y + 24, names[:half]), (y + 48, names[half:]))
    text = '<text class="purpose" x="{}" y="{}">{}</text>'
    return [box, *(text.format(WIDTH // 2, line, ", ".join(part)) for line, part in parts)]


def current() -> str:
    """Return the drawing of the code as it is."""
    rows = layers()
    packages = [name for names in rows for name in names if (ROOT / "hub" / name).is_dir()]
    return picture(rows, imports(), packages)


if __name__ == "__main__":
    PICTURE.write_text(current())
