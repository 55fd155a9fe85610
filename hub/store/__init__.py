"""The store: tables, migrations, every SQL statement, and the visibility of rows."""
