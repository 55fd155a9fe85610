-- While `paused_at` is set by an operator, nothing is pulled from the system and nothing is sent to it.
-- `full_requested_at`: an operator requested a full run, which the next pull is.
alter table systems
    add column paused_at timestamptz,
    add column full_requested_at timestamptz;

-- The state of each system, every few minutes for two days. `lag_in` is the age of its copy and `lag_out` that of the
-- oldest delivery that is not settled, in seconds; `open_deliveries` and `quarantined` are numbers.
create table system_samples (
    system text not null references systems (name) on delete cascade,
    at timestamptz not null default now(),
    lag_in double precision,
    lag_out double precision not null,
    records bigint not null,
    quarantined int not null,
    open_deliveries int not null,
    primary key (system, at)
);
create index system_samples_at on system_samples (at);

-- How often something happened in a minute, in all processes: events that no other table has, and that need a person
-- if there are many. Kept for two days.
create table event_counts (
    event text not null,
    subject text not null,
    minute timestamptz not null,
    number bigint not null,
    primary key (event, subject, minute)
);
create index event_counts_minute on event_counts (minute);

-- The version of the connector that could not read the item the last time; null for items from before.
alter table quarantine add column connector_version text;

-- When a client last got a token, to the minute.
create table client_tokens (
    client_id text primary key references clients (id) on delete cascade,
    at timestamptz not null default now()
);
