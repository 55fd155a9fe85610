"""Tables, migrations, every SQL statement, and who may see which row."""
