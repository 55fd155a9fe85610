-- The first shape of the store. Tables and columns are described in hub/store/tables.py.

create table areas (
    code text primary key,
    type text not null,
    name text not null,
    name_en text not null
);

create table agencies (
    code text primary key,
    name text not null,
    name_en text not null,
    aliases text[] not null default '{}',
    valid_from date not null,
    valid_to date,
    successor text references agencies (code),
    head_name text,
    head_phone text,
    email text,
    phone text
);

-- Reporters, encrypted (AES-GCM); found by keyed hashes of normalised values.
create table reporters (
    id bigint generated always as identity primary key,
    sealed bytea not null,
    phone_hash bytea,
    email_hash bytea,
    nik_hash bytea,
    created_at timestamptz not null default now()
);
create index reporters_phone on reporters (phone_hash);
create index reporters_email on reporters (email_hash);
create index reporters_nik on reporters (nik_hash);

create table complaints (
    id bigint generated always as identity primary key,
    ticket text not null unique,
    channel text not null,
    class text not null,
    inspection boolean not null default false,
    category text not null,
    title text not null,
    text text not null,
    area_code text references areas (code),
    latitude double precision,
    longitude double precision,
    agency_code text references agencies (code),
    reporter_id bigint references reporters (id),
    anonymous boolean not null default false,
    secret boolean not null default false,
    submitted_by text not null,
    attachments jsonb not null default '[]',
    status text not null,
    received_at timestamptz not null,
    verified_at timestamptz,
    answered_at timestamptz,
    closed_at timestamptz,
    due_at timestamptz,
    due_estimated boolean not null default false,
    rating smallint check (rating between 1 and 5),
    updated_at timestamptz not null
);
create index complaints_received on complaints (received_at desc, id desc);
create index complaints_status on complaints (status, received_at desc, id desc);
create index complaints_channel on complaints (channel, received_at desc, id desc);
create index complaints_agency on complaints (agency_code, received_at desc, id desc);
create index complaints_area on complaints (area_code, received_at desc, id desc);
create index complaints_status_channel on complaints (status, channel, received_at desc, id desc);
create index complaints_due on complaints (coalesce(due_at, 'infinity'), id);
create index complaints_updated on complaints (updated_at desc, id desc);

create table complaint_keys (
    complaint_id bigint not null references complaints (id),
    name text not null,
    value text not null,
    primary key (name, value, complaint_id)
);
create index complaint_keys_owner on complaint_keys (complaint_id, name);

-- The timeline. `note` is what was said to the reporter: prose, like the complaint's text.
create table complaint_steps (
    id bigint generated always as identity primary key,
    complaint_id bigint not null references complaints (id),
    action text not null,
    status text not null,
    role text not null,
    actor text not null,
    at timestamptz not null,
    note text
);
create index complaint_steps_owner on complaint_steps (complaint_id, id);

create table ticket_numbers (year int primary key, last int not null);

-- What was promised for a key: a fingerprint of the input and the id of the result, never the input.
create table idempotency (
    client text not null,
    operation text not null,
    key text not null,
    fingerprint bytea not null,
    complaint_id bigint references complaints (id),
    created_at timestamptz not null default now(),
    primary key (client, operation, key)
);

create table systems (
    name text primary key,
    title text not null,
    owner text not null,
    coverage text not null default 'FULL',
    tells_changes boolean not null,
    every double precision not null,
    enabled boolean not null default true,
    cursor jsonb not null default '{}',
    next_pull_at timestamptz not null default now(),
    attempted_at timestamptz,
    synced_at timestamptz,
    full_at timestamptz,
    full_started_at timestamptz,
    down_since timestamptz,
    stopped_at timestamptz,
    trouble text,
    failures int not null default 0
);

create sequence record_ids;
create table records (
    system text not null references systems (name),
    id bigint not null default nextval('record_ids'),
    kind text not null,
    external_id text not null,
    version bigint not null,
    digest bytea not null,
    status text not null,
    told text not null,
    final boolean not null,
    secret boolean not null,
    occurred_at timestamptz not null,
    updated_at timestamptz not null,
    amount numeric(18, 2),
    currency text,
    body jsonb not null,
    prose jsonb not null default '{}',
    seen_at timestamptz not null,
    gone_at timestamptz,
    primary key (system, id),
    unique (system, kind, external_id)
) partition by list (system);

create table record_keys (
    system text not null,
    record_id bigint not null,
    kind text not null,
    name text not null,
    value text not null,
    occurred_at timestamptz not null,
    primary key (system, record_id, name, value)
);
-- In the order lists are read in, so that the first rows of a key cost the same however many it has.
create index record_keys_value on record_keys (kind, name, value, occurred_at desc, record_id desc);

create table record_counts (
    system text not null references systems (name),
    kind text not null,
    records bigint not null,
    primary key (system, kind)
);

-- Items of an unversioned feed that contradict the stored record, until the run has told its last word.
create table pending_items (
    system text not null references systems (name),
    external_id text not null,
    raw jsonb not null,
    primary key (system, external_id)
);

create table quarantine (
    id bigint generated always as identity primary key,
    system text not null references systems (name),
    digest bytea not null,
    external_id text,
    reason text not null,
    raw jsonb not null,
    state text not null default 'OPEN',
    times int not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    unique (system, digest)
);
create index quarantine_record on quarantine (system, external_id);

-- The append-only history. Rows are written by the triggers below and by nothing else.
create table changes (
    id bigint generated always as identity primary key,
    transaction xid8 not null default pg_current_xact_id(),
    system text not null,
    kind text not null,
    subject text not null,
    fields text[] not null,
    before jsonb,
    after jsonb,
    cause text not null,
    actor text not null,
    correlation text not null,
    effective_at timestamptz not null,
    recorded_at timestamptz not null default now()
);
create index changes_subject on changes (system, kind, subject, id);
create index changes_recorded on changes (recorded_at);

create function forbid_rewriting() returns trigger language plpgsql as $$
begin
    raise exception 'the change history is append-only';
end $$;
create trigger changes_stay before update or delete on changes
    for each statement execute function forbid_rewriting();

-- What a transaction says of itself: a write that names no cause is refused.
create function said(what text) returns text language plpgsql stable as $$
declare value text := current_setting('hub.' || what, true);
begin
    if value is null or value = '' then
        raise exception 'a write must say its %: go through Database.write', what;
    end if;
    return value;
end $$;

create function differing(old jsonb, new jsonb) returns text[] language sql immutable as $$
    select array_agg(key order by key) from jsonb_object_keys(old || new) key
    where old -> key is distinct from new -> key
$$;

create function picked(source jsonb, keys text[]) returns jsonb language sql immutable as $$
    select coalesce(jsonb_object_agg(key, source -> key), '{}') from unnest(keys) key
$$;

-- Complaints: prose (title, text), place and reporter are named when they change, their values are not copied.
create function complaint_facts(c complaints) returns jsonb language sql immutable as $$
    select to_jsonb(c) - array['id', 'title', 'text', 'latitude', 'longitude', 'reporter_id', 'attachments', 'updated_at']
$$;

create function complaint_prose(c complaints) returns jsonb language sql immutable as $$
    select jsonb_build_object('title', c.title, 'text', c.text, 'latitude', c.latitude, 'longitude', c.longitude,
                              'reporter', c.reporter_id, 'attachments', c.attachments)
$$;

create function log_complaints_inserted() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, after, cause, actor, correlation, effective_at)
    select 'hub', 'complaint', ticket, '{}', complaint_facts(n), said('cause'), said('actor'), said('correlation'), updated_at
    from new_rows n;
    return null;
end $$;

create function log_complaints_updated() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)
    select 'hub', 'complaint', n.ticket, coalesce(d.facts, '{}') || coalesce(d.prose, '{}'),
           picked(complaint_facts(o), d.facts), picked(complaint_facts(n), d.facts),
           said('cause'), said('actor'), said('correlation'), n.updated_at
    from old_rows o join new_rows n using (id)
    cross join lateral (select differing(complaint_facts(o), complaint_facts(n)) as facts,
                               differing(complaint_prose(o), complaint_prose(n)) as prose) d
    where d.facts is not null or d.prose is not null;
    return null;
end $$;

create function log_complaints_deleted() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, before, cause, actor, correlation, effective_at)
    select 'hub', 'complaint', ticket, '{}', complaint_facts(o), said('cause'), said('actor'), said('correlation'), now()
    from old_rows o;
    return null;
end $$;

create trigger complaints_inserted after insert on complaints
    referencing new table as new_rows for each statement execute function log_complaints_inserted();
create trigger complaints_updated after update on complaints
    referencing old table as old_rows new table as new_rows for each statement execute function log_complaints_updated();
create trigger complaints_deleted after delete on complaints
    referencing old table as old_rows for each statement execute function log_complaints_deleted();

create function record_facts(r records) returns jsonb language sql immutable as $$
    select r.body || jsonb_build_object(
        'status', r.status, 'told', r.told, 'occurred_at', r.occurred_at, 'amount', r.amount, 'currency', r.currency,
        'gone_at', r.gone_at)
$$;

create function log_records_inserted() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, after, cause, actor, correlation, effective_at)
    select system, kind, external_id, '{}', record_facts(n), said('cause'), said('actor'), said('correlation'), updated_at
    from new_rows n;
    insert into record_counts (system, kind, records)
    select system, kind, count(*) from new_rows where gone_at is null group by system, kind
    on conflict (system, kind) do update set records = record_counts.records + excluded.records;
    return null;
end $$;

create function log_records_updated() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)
    select n.system, n.kind, n.external_id, coalesce(d.facts, '{}') || coalesce(d.prose, '{}'),
           picked(record_facts(o), d.facts), picked(record_facts(n), d.facts),
           said('cause'), said('actor'), said('correlation'), n.updated_at
    from old_rows o join new_rows n using (system, id)
    cross join lateral (select differing(record_facts(o), record_facts(n)) as facts,
                               differing(o.prose, n.prose) as prose) d
    where o.digest <> n.digest or o.gone_at is distinct from n.gone_at or o.status <> n.status;
    update record_counts c set records = c.records + moved.by
    from (select n.system, n.kind, sum((n.gone_at is null)::int - (o.gone_at is null)::int) as by
          from old_rows o join new_rows n using (system, id)
          where (n.gone_at is null) <> (o.gone_at is null) group by n.system, n.kind) moved
    where c.system = moved.system and c.kind = moved.kind;
    return null;
end $$;

create function log_records_deleted() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, before, cause, actor, correlation, effective_at)
    select system, kind, external_id, '{}', record_facts(o), said('cause'), said('actor'), said('correlation'), now()
    from old_rows o;
    update record_counts c set records = c.records - gone.records
    from (select system, kind, count(*) as records from old_rows where gone_at is null group by system, kind) gone
    where c.system = gone.system and c.kind = gone.kind;
    return null;
end $$;

create trigger records_inserted after insert on records
    referencing new table as new_rows for each statement execute function log_records_inserted();
create trigger records_updated after update on records
    referencing old table as old_rows new table as new_rows for each statement execute function log_records_updated();
create trigger records_deleted after delete on records
    referencing old table as old_rows for each statement execute function log_records_deleted();
