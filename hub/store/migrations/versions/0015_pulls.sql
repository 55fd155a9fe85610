-- What a pull remembers of trouble that lasts, and what is told of a system though it answers.
alter table systems
    add column broken_since timestamptz,
    add column stops int not null default 0,
    add column last_stop_at timestamptz,
    add column absent_at timestamptz;

-- A time that an upstream told in milliseconds was taken for seconds: no pull is that far off, nor can it be read.
update systems set next_pull_at = now()
where next_pull_at > now() + make_interval(secs => greatest(every, 43200) * 2);

create table system_issues (
    system text not null references systems (name),
    code text not null,
    since timestamptz not null default now(),
    detail text not null,
    primary key (system, code)
);

-- When a record came by another way than a listing, and when it was last asked for alone because it was due.
alter table records
    add column direct_at timestamptz,
    add column asked_at timestamptz;
