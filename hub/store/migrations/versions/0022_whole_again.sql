-- A change by which a reader may see a subject again has all its facts in `after`: who was told before that it is gone,
-- or was told less of it, has none to merge the change into.
create or replace function log_records_updated() returns trigger language plpgsql set enable_nestloop = off as $$
begin
    insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)
    select n.system, n.kind, n.external_id, coalesce(d.facts || d.prose, d.facts, d.prose, array['keys']),
           picked(record_facts(o), d.facts),
           case when (o.gone_at is not null and n.gone_at is null) or (o.secret and not n.secret)
                then record_facts(n) else picked(record_facts(n), d.facts) end,
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

create or replace function log_complaints_updated() returns trigger language plpgsql set enable_nestloop = off as $$
begin
    insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)
    select 'hub', 'complaint', n.ticket, coalesce(d.facts, '{}') || coalesce(d.prose, '{}'),
           picked(complaint_facts(o), d.facts),
           case when o.secret <> n.secret then complaint_facts(n) else picked(complaint_facts(n), d.facts) end,
           said('cause'), said('actor'), said('correlation'), n.updated_at
    from old_rows o join new_rows n using (id)
    cross join lateral (select differing(complaint_facts(o), complaint_facts(n)) as facts,
                               differing(complaint_prose(o), complaint_prose(n)) as prose) d
    where d.facts is not null or d.prose is not null;
    return null;
end $$;
