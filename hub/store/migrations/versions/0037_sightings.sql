-- The unchanged records that the full run that began at `run` listed, some hundred in a row: 8 bytes for each, where an
-- update of `seen_at` wrote the whole record and an entry of each of its indexes.
create table sightings (
    system text not null references systems (name) on delete cascade,
    run timestamptz not null,
    records bigint[] not null
);
create index sightings_system on sightings (system, run);

-- The last full run that missed no suspicious number of records began at `listed_at`, and listed what occurred since
-- `listed_from` (null: everything). It listed all these records but those with `missed_at`, the start of the first of
-- the runs in a row that missed them.
alter table systems
    add column listed_at timestamptz,
    add column listed_from timestamptz;
alter table records add column missed_at timestamptz;
