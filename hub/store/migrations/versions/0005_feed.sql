-- The change feed: a position for each change, given after its transaction is settled, one sequencer a system.

-- `settled_at` is when the position was given, and never runs back within a system. No foreign key to changes: they
-- are never deleted, and checking one would write a lock into every row of the history.
create table feed (
    system text not null,
    position bigint not null,
    change_id bigint not null unique,
    settled_at timestamptz not null,
    primary key (system, position)
);

-- Every change of a transaction before `horizon`, as `cluster` counts them, has its position. `last` is the position
-- given last; those up to `dropped` are no longer kept, and with them all changes up to `dropped_change`.
create table feed_heads (
    system text primary key,
    cluster bigint not null,
    horizon xid8 not null default '0',
    last bigint not null default 0,
    settled_at timestamptz not null default '-infinity',
    dropped bigint not null default 0,
    dropped_change bigint not null default 0
);
create index changes_settling on changes (system, transaction, id);
