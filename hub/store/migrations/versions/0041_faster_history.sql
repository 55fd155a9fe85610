-- The history of records has the same rows as before. Who causes a write is asked once for a statement and not for each
-- row; the facts of a changed record are made once and compared once, and not twice and three times.
create or replace function log_records_inserted() returns trigger language plpgsql as $$
begin
    insert into changes (system, kind, subject, fields, after, cause, actor, correlation, effective_at)
    select system, kind, external_id, '{}', record_facts(n),
           (select said('cause')), (select said('actor')), (select said('correlation')), updated_at
    from new_rows n;
    insert into record_counts (system, kind, records)
    select system, kind, count(*) from new_rows where gone_at is null group by system, kind
    on conflict (system, kind) do update set records = record_counts.records + excluded.records;
    return null;
end $$;

create or replace function log_records_updated() returns trigger language plpgsql set enable_nestloop = off as $$
begin
    insert into changes (system, kind, subject, fields, before, after, cause, actor, correlation, effective_at)
    with changed as materialized (
        select n.system, n.kind, n.external_id, n.updated_at, record_facts(o) as before, record_facts(n) as after,
               case when o.prose <> n.prose then differing(o.prose, n.prose) end as prose,
               (o.gone_at is not null and n.gone_at is null) or (o.secret and not n.secret) as seen_again
        from old_rows o join new_rows n using (system, id)
        where o.digest <> n.digest or o.gone_at is distinct from n.gone_at or o.status <> n.status
    )
    select c.system, c.kind, c.external_id, coalesce(d.facts || c.prose, d.facts, c.prose, array['keys']),
           coalesce(d.before, '{}'), case when c.seen_again then c.after else coalesce(d.after, '{}') end,
           (select said('cause')), (select said('actor')), (select said('correlation')), c.updated_at
    from changed c
    cross join lateral (
        select array_agg(key order by key) as facts, jsonb_object_agg(key, c.before -> key) as before,
               jsonb_object_agg(key, c.after -> key) as after
        from jsonb_object_keys(c.before || c.after) key
        where c.before -> key is distinct from c.after -> key) d;
    update record_counts c set records = c.records + moved.by
    from (select n.system, n.kind, sum((n.gone_at is null)::int - (o.gone_at is null)::int) as by
          from old_rows o join new_rows n using (system, id)
          where (n.gone_at is null) <> (o.gone_at is null) group by n.system, n.kind) moved
    where c.system = moved.system and c.kind = moved.kind;
    return null;
end $$;
