"""The complaints of an agency or an area in every order: by their last change, and by when they are due."""

from hub.store.migrations import script

revision = "0036"
down_revision = "0035"

INDEXES = {
    "complaints_agency_updated": "complaints (agency_code, updated_at desc, id desc)",
    "complaints_agency_due": "complaints (agency_code, coalesce(due_at, 'infinity'), id)",
    "complaints_area_updated": "complaints (area_code, updated_at desc, id desc)",
    "complaints_area_due": "complaints (area_code, coalesce(due_at, 'infinity'), id)",
}


def upgrade() -> None:
    """Build the indexes while others read and write."""
    script.build_indexes(INDEXES)
