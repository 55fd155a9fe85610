-- The plans of these are kept for a session, and one that was made for a single row compares each old row with each new
-- one: a thousand rows took fifty times as long as with any other join.
alter function log_complaints_updated() set enable_nestloop = off;
alter function log_records_updated() set enable_nestloop = off;
