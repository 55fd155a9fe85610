-- Who did what, to what, when, from where. A row takes its actor, client, network and request from the transaction it is
-- written in (`Database.write`), so that no act can claim another's.
create table audit_events (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null,
    subject text,
    refused boolean not null default false,
    details jsonb not null default '{}',
    actor text not null default said('actor'),
    client text default nullif(current_setting('hub.client', true), ''),
    network text default nullif(current_setting('hub.network', true), ''),
    request_id text not null default said('correlation')
);
create index audit_events_at on audit_events (at desc, id desc);
create index audit_events_actor on audit_events (actor, at desc, id desc);
create index audit_events_subject on audit_events (subject, at desc, id desc);

-- Append-only. What is older than a year may be deleted, which `HUB_AUDIT_DAYS` does; nothing younger, by nobody.
create function keep_audit_events() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '365 days' then
        return old;
    end if;
    raise exception 'the audit trail is append-only';
end $$;
create trigger audit_events_stay before update or delete on audit_events
    for each row execute function keep_audit_events();
create trigger audit_events_whole before truncate on audit_events
    for each statement execute function forbid_rewriting();
create trigger reads_stay before update or delete or truncate on reads
    for each statement execute function forbid_rewriting();
