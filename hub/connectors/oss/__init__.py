"""OSS RBA, the licensing system of the centre."""
