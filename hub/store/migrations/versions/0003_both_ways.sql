-- What goes out to other systems, and what both sides hold. Described in hub/store/tables_sync.py.

-- Which record of a system and which complaint are one matter: sent by us, taken in from there, or told by tag.
create table counterparts (
    system text not null references systems (name),
    external_id text not null,
    complaint_id bigint not null references complaints (id),
    origin text not null,
    linked_at timestamptz not null default now(),
    primary key (system, external_id),
    unique (system, complaint_id)
);
create index counterparts_complaint on counterparts (complaint_id);

-- What a system takes, so that what must leave the hub can be planned where its connector is not at hand.
alter table systems add column sends text[] not null default '{}';

-- The fields a complaint and the system's records both hold, with who has the say, for the same reason.
alter table systems add column shared jsonb not null default '[]';

-- One thing to bring to another system. Prose stays where it is (step_id); no personal data in `facts`.
-- `due_at` is when it is next taken up: of one that is SENDING the end of its lease, when looking is conclusive.
create table deliveries (
    id bigint generated always as identity primary key,
    system text not null references systems (name),
    complaint_id bigint not null references complaints (id),
    ticket text not null,
    sequence int not null,
    action text not null,
    key text not null unique,
    step_id bigint references complaint_steps (id),
    facts jsonb not null default '{}',
    state text not null default 'WAITING',
    attempts int not null default 0,
    due_at timestamptz not null default now(),
    attempted_at timestamptz,
    external_id text,
    trouble text,
    actor text not null,
    correlation text not null,
    created_at timestamptz not null default now(),
    settled_at timestamptz,
    unique (complaint_id, sequence)
);
create index deliveries_due on deliveries (system, due_at) where state in ('WAITING', 'SENDING');
create index deliveries_open on deliveries (complaint_id, system, sequence) where state not in ('DONE', 'GIVEN_UP');
create index deliveries_ticket on deliveries (ticket, created_at desc, id desc);
create index deliveries_created on deliveries (created_at desc, id desc);
create index deliveries_state on deliveries (state, created_at desc, id desc);

-- What became of each attempt, and what a person decided: the evidence.
create table delivery_attempts (
    id bigint generated always as identity primary key,
    delivery_id bigint not null references deliveries (id),
    at timestamptz not null default now(),
    outcome text not null,
    trouble text,
    actor text not null
);
create index delivery_attempts_owner on delivery_attempts (delivery_id, id);

-- Each side's word on each field both hold, for the merge; `kept` is a word of theirs that a person declined.
create table shared_fields (
    system text not null references systems (name),
    complaint_id bigint not null references complaints (id),
    field text not null,
    ours text,
    ours_at timestamptz,
    theirs text,
    theirs_at timestamptz,
    declined text,
    conflict_since timestamptz,
    primary key (system, complaint_id, field)
);
create index shared_fields_conflicts on shared_fields (conflict_since) where conflict_since is not null;
create index shared_fields_complaint on shared_fields (complaint_id);

-- Files fetched from other systems, by hash of their content, and where each was pointed to.
-- Of one that is not here yet `due_at` says when it is tried next; where it is null too, it is not tried any more.
create table files (
    sha256 bytea primary key,
    media_type text not null,
    size int not null,
    content bytea not null,
    stored_at timestamptz not null default now()
);
-- Pictures and letters are compressed already, and are read in slices.
alter table files alter column content set storage external;
create table record_files (
    system text not null references systems (name),
    kind text not null,
    external_id text not null,
    source text not null,
    name text not null,
    sha256 bytea references files (sha256),
    attempts int not null default 0,
    trouble text,
    due_at timestamptz default now(),
    primary key (system, kind, external_id, source)
);
create index record_files_file on record_files (sha256);
create index record_files_due on record_files (system, due_at) where due_at is not null;
