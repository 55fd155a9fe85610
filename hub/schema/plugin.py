"""The names with which the ``types.py`` of a connector adds its own kind to the graph.

``Part`` is the connector's part of the graph, ``entity`` makes a class a node of it, and ``record_entity`` describes
how its records are stored and who may see them. ``SystemRecord`` has the fields that all records share; ``common``
reads them from a ``Row``. ``Listing`` and ``list_field`` make a connection with filters and orders. ``Link`` adds a
field that leads from one node to others by a common key, such as from ``Complaint`` by its ticket.
"""

from hub.schema.complaints.areas import Area
from hub.schema.complaints.complaint import Complaint
from hub.schema.connections import Listing, list_field
from hub.schema.link_fields import Link
from hub.schema.nodes import code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import SystemRecord, common
from hub.schema.systems import System
from hub.store.queries.entity import Row
from hub.store.queries.record_entities import record_entity

__all__ = [
    "Area",
    "Complaint",
    "Link",
    "Listing",
    "Part",
    "Row",
    "System",
    "SystemRecord",
    "code_enum",
    "common",
    "entity",
    "label_field",
    "list_field",
    "record_entity",
]
