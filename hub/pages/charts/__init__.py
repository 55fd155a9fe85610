"""Charts as SVG, made on the server.

Lengths across are percentages and lengths down are pixels, so that a chart fits every width with text of one size.
Colours are classes of the style sheet. No mark differs by colour alone: it has a label, a pattern or a dash as well.
"""
