-- The change feed: a position for each change, given after its transaction is settled, one sequencer a system.

create table feed (
    system text not null,
    position bigint not null,
    change_id bigint not null unique references changes (id),
    recorded_at timestamptz not null,
    primary key (system, position)
);
create index feed_recorded on feed (recorded_at);

-- Every change of a transaction before `horizon` has its position; `last` is the position given last.
create table feed_heads (
    system text primary key,
    horizon xid8 not null default '0',
    last bigint not null default 0
);
create index changes_settling on changes (system, transaction, id);
