-- What central systems push. Described in hub/store/tables_sync.py.

-- One upload of one client to one system: the promise its idempotency key holds, for 30 days.
create table pushes (
    id bigint generated always as identity primary key,
    client text not null,
    system text not null references systems (name),
    key text not null,
    batches int not null default 0,
    done_at timestamptz,
    created_at timestamptz not null default now(),
    unique (client, system, key)
);
create index pushes_created on pushes (created_at);

-- What became of its rows, batch by batch; the fingerprint is a keyed hash of all that was read up to there.
create table push_batches (
    push_id bigint not null references pushes (id) on delete cascade,
    number int not null,
    fingerprint bytea not null,
    fates jsonb not null,
    primary key (push_id, number)
);

create index idempotency_created on idempotency (created_at);
