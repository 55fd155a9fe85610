-- What a system declares as one side of a pair of registers; null if it is none. `hub migrate` stores it.
alter table systems add column register jsonb;

-- A matter: what the two sides of a pair hold under one key. The state of the database is that of the last write to
-- either side; one that is not AGREED counts as PENDING until pending_until.
create table matters (
    id bigint generated always as identity primary key,
    pair text not null,
    left_system text not null,
    right_system text not null,
    key text not null,
    complaint_id bigint references complaints (id),
    left_id text,
    right_id text,
    state text not null check (state in ('AGREED', 'DIFFERS', 'ONE_SIDED', 'UNKNOWN')),
    cause text,
    decider text check (decider in ('LEFT', 'RIGHT')),
    next_step text,
    since timestamptz not null,
    pending_until timestamptz,
    ignored_until timestamptz,
    declaration text not null,
    agency_code text,
    area_code text,
    sector text,
    authority text,
    created_at timestamptz not null default now(),
    unique (pair, left_system, right_system, key)
);
create index matters_left on matters (left_system, left_id) where left_id is not null;
create index matters_right on matters (right_system, right_id) where right_id is not null;
create index matters_complaint on matters (complaint_id) where complaint_id is not null;
create index matters_open on matters (since, id) where state <> 'AGREED';
create index matters_pair on matters (pair, state);

-- The fields on which a matter differs.
create table differences (
    matter_id bigint not null references matters (id) on delete cascade,
    field text not null,
    left_value text,
    right_value text,
    left_at timestamptz not null,
    right_at timestamptz not null,
    decider text check (decider in ('LEFT', 'RIGHT')),
    cause text not null,
    next_step text not null,
    primary key (matter_id, field)
);

-- Each change of a matter's state, and each act of a person. `seconds` is how long it took to agree.
create table agreement_events (
    id bigint generated always as identity primary key,
    matter_id bigint not null references matters (id) on delete cascade,
    at timestamptz not null default now(),
    state text not null,
    cause text,
    fields text[] not null default '{}',
    seconds double precision,
    actor text not null,
    note text
);
create index agreement_events_matter on agreement_events (matter_id, at desc, id desc);
create index agreement_events_agreed on agreement_events (at) where seconds is not null;

-- The decision of one side that the other one has to be told: one row a matter, with what is to be sent now. What is
-- sent is read when it is sent, so a decision that is overtaken is never sent.
create table decisions (
    matter_id bigint primary key references matters (id) on delete cascade,
    system text not null references systems (name),
    decision text not null,
    times int not null,
    state text not null,
    attempts int not null default 0,
    due_at timestamptz not null default now(),
    attempted_at timestamptz,
    done_at timestamptz,
    trouble text
);
create index decisions_due on decisions (system, due_at) where state in ('WAITING', 'SENDING');

-- Records of the two sides that a person confirmed to be the same matter.
create table confirmed_matches (
    left_system text not null,
    right_system text not null,
    left_id text not null,
    right_id text not null,
    actor text not null,
    at timestamptz not null default now(),
    primary key (left_system, right_system, right_id)
);
create index confirmed_matches_left on confirmed_matches (left_system, right_system, left_id);
