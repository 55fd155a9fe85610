"""One module and one SQL file for each version of the schema, in a linear chain."""
