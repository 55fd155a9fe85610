"""Blangkon Jateng: orders of the province's agencies in online shops, read from the INAPROC gateway."""
