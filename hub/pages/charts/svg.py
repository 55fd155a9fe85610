"""Elements of SVG as safe markup."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape


def element(name: str, *content: str, **attributes: object) -> Markup:
    """Return an element; ``_`` in names of attributes is ``-``, and None leaves an attribute out."""
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(map(escape, content))
    return Markup(f"<{name}{named}>{inner}</{name}>" if inner else f"<{name}{named}/>")  # noqa: S704 - escaped above


def percentage(value: float) -> str:
    """Return a length across, in percent."""
    return f"{value:.2f}%"


def text(content: str, x: float, y: float, kind: str, anchor: str | None = None) -> Markup:
    """Return a text at ``x`` percent and ``y`` pixels; ``anchor`` is start, middle or end."""
    return element("text", content, x=percentage(x), y=round(y, 1), class_=kind, text_anchor=anchor)


def drawing(parts: Sequence[str], height: float, label: str) -> Markup:
    """Return the chart ``height`` pixels high; ``label`` says what it shows to those who cannot see it."""
    return element("svg", *parts, class_="chart", width="100%", height=round(height), role="img", aria_label=label)
