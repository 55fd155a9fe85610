"""Perizinan: applications for permits in the licensing app of the region, read and written."""
