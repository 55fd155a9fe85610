-- Of a record that its system tells of in words of two sorts: the order of its facts, apart from that of its status.
-- Null where both are one. Described at `Record.facts_version`.
alter table records add column facts_version bigint;
