-- Matters of complaints and their counterparts. What decides their state is written in many places: the complaint, the
-- shared fields, the links and the deliveries. Therefore triggers note which complaints a transaction wrote, and their
-- matters are compared again once, when it commits.

-- Empty between transactions: each deletes what it noted.
create table matters_due (
    transaction xid8 not null default pg_current_xact_id(),
    complaint_id bigint not null,
    primary key (transaction, complaint_id)
);

-- The difference of each shared field of these complaints, in the terms of hub/agreement. A value that the system has
-- no code for, or that a person declined, is no difference.
create function report_differences(complaint_ids bigint[]) returns table (
    complaint_id bigint, system text, field text, left_value text, right_value text, left_at timestamptz,
    right_at timestamptz, decider text, cause text, next_step text, pending_until timestamptz
) language sql stable as $$
    with shared as (
        select f.complaint_id, f.system, f.field, f.theirs, f.theirs_at, coalesce(f.ours_at, c.received_at) as ours_at,
               d.authority,
               case f.field when 'status' then c.status when 'agency' then c.agency_code when 'class' then c.class
                   when 'category' then c.category when 'area' then c.area_code
                   when 'anonymous' then c.anonymous::text when 'secret' then c.secret::text end as ours,
               d.leaves, f.declined, s.every
        from shared_fields f join complaints c on c.id = f.complaint_id
        join counterparts p on p.system = f.system and p.complaint_id = f.complaint_id
        join systems s on s.name = f.system
        cross join lateral jsonb_to_recordset(s.shared) as d(field text, authority text, leaves jsonb)
        where f.complaint_id = any(complaint_ids) and d.field = f.field),
    differing as (
        select *, case authority when 'REMOTE' then 'RIGHT' when 'LOCAL' then 'LEFT'
                      when 'LATEST' then case when theirs_at >= ours_at then 'RIGHT' else 'LEFT' end end as decider
        from shared
        where theirs <> '' and ours is distinct from theirs and declined is distinct from theirs
          and not coalesce(leaves -> theirs ? ours, false)),
    delivered as (
        select x.*, d.state, d.attempts, d.created_at, d.settled_at
        from differing x left join lateral (
            select * from deliveries d where d.complaint_id = x.complaint_id and d.system = x.system
            order by d.state in ('DONE', 'GIVEN_UP'), d.sequence desc limit 1) d on true),
    explained as (
        select *, case
            when decider is null then 'CONFLICT'
            when state in ('WAITING', 'SENDING') then case when attempts > (state = 'SENDING')::int then 'NOT_TAKEN' else 'NOT_TOLD' end
            when state in ('BLOCKED', 'OUTCOME_UNKNOWN') or decider = 'RIGHT' then 'NOT_TAKEN'
            when state = 'DONE' and theirs_at > settled_at then 'CHANGED_BACK'
            when state = 'DONE' then 'TOLD_LATE'
            else 'NOT_TOLD' end as cause
        from delivered)
    select complaint_id, system, field, ours, theirs, ours_at, theirs_at, decider, cause,
           case when decider is null then 'PERSON' when state in ('WAITING', 'SENDING') then 'DELIVERY'
               when cause = 'TOLD_LATE' then 'READ' else 'PERSON' end,
           case when decider is null then null
               when state in ('WAITING', 'SENDING') then created_at + interval '60 s'
               when cause = 'TOLD_LATE' then settled_at + make_interval(secs => 2 * every) end
    from explained
$$;

-- The state of the matters of these complaints. One that is on its way to a system is one-sided.
create function report_matters(complaint_ids bigint[]) returns table (
    complaint_id bigint, system text, ticket text, right_id text, state text, cause text, decider text, next_step text,
    since timestamptz, pending_until timestamptz, agency_code text, area_code text, fields text[]
) language sql stable as $$
    with linked as (
        select c.id, p.system, c.ticket, p.external_id, c.agency_code, c.area_code, p.linked_at as since
        from complaints c join counterparts p on p.complaint_id = c.id where c.id = any(complaint_ids)
        union all
        select c.id, d.system, c.ticket, null, c.agency_code, c.area_code, d.created_at
        from complaints c join deliveries d on d.complaint_id = c.id and d.action = 'CREATE' and d.state <> 'GIVEN_UP'
        where c.id = any(complaint_ids) and not exists (
            select from counterparts p where p.system = d.system and p.complaint_id = c.id)),
    found as (
        select complaint_id, system, (array_agg(cause order by field = 'status' desc, field))[1] as cause,
               (array_agg(decider order by field = 'status' desc, field))[1] as decider,
               (array_agg(next_step order by field = 'status' desc, field))[1] as next_step,
               min(greatest(left_at, right_at)) as since, max(pending_until) as pending_until,
               array_agg(field order by field) as fields
        from report_differences(complaint_ids) group by complaint_id, system)
    select distinct on (l.id, l.system) l.id, l.system, l.ticket, l.external_id,
           case when l.external_id is null then 'ONE_SIDED' when f.system is null then 'AGREED' else 'DIFFERS' end,
           case when l.external_id is not null then f.cause when d.attempts > (d.state = 'SENDING')::int then 'NOT_TAKEN' else 'NOT_TOLD' end,
           case when l.external_id is null then 'LEFT' else f.decider end,
           case when l.external_id is not null then f.next_step
               when d.state in ('WAITING', 'SENDING') then 'DELIVERY' else 'PERSON' end,
           coalesce(f.since, l.since),
           case when l.external_id is not null then f.pending_until
               when d.state in ('WAITING', 'SENDING') then d.created_at + interval '60 s' end,
           l.agency_code, l.area_code, coalesce(f.fields, '{}')
    from linked l left join found f on f.complaint_id = l.id and f.system = l.system
    left join lateral (
        select * from deliveries d where d.complaint_id = l.id and d.system = l.system and d.action = 'CREATE'
        order by d.sequence desc limit 1) d on true
    order by l.id, l.system
$$;

-- Compares the matters of these complaints again. The rows of the complaints are locked before anything is read, so
-- that of two transactions that write one complaint the second sees what the first committed.
create function refresh_report_matters(complaint_ids bigint[]) returns void language plpgsql as $$
declare
    cause_actor text := coalesce(nullif(current_setting('hub.actor', true), ''), 'hub');
begin
    perform from complaints where id = any(complaint_ids) order by id for no key update;
    with found as materialized (select * from report_matters(complaint_ids)),
    before as materialized (
        select m.id, m.complaint_id, m.right_system, m.state, m.since from matters m
        where m.pair = 'report' and m.complaint_id = any(complaint_ids)),
    gone as (
        delete from matters m using before b where m.id = b.id and not exists (
            select from found f where f.complaint_id = b.complaint_id and f.system = b.right_system)),
    saved as (
        insert into matters (pair, left_system, right_system, key, complaint_id, left_id, right_id, state, cause, decider,
                             next_step, since, pending_until, declaration, agency_code, area_code)
        select 'report', 'hub', system, complaint_id::text, complaint_id, ticket, right_id, state, cause, decider,
               next_step, since, pending_until, '', agency_code, area_code
        from found
        on conflict (pair, left_system, right_system, key) do update set
            right_id = excluded.right_id, state = excluded.state, cause = excluded.cause, decider = excluded.decider,
            next_step = excluded.next_step, pending_until = excluded.pending_until,
            since = case when excluded.state <> 'AGREED' then excluded.since
                         when matters.state = 'AGREED' then matters.since else now() end,
            ignored_until = case when matters.state = excluded.state then matters.ignored_until end,
            agency_code = excluded.agency_code, area_code = excluded.area_code
        where (matters.right_id, matters.state, matters.cause, matters.decider, matters.next_step,
               matters.pending_until, matters.agency_code, matters.area_code)
            is distinct from (excluded.right_id, excluded.state, excluded.cause, excluded.decider, excluded.next_step,
                              excluded.pending_until, excluded.agency_code, excluded.area_code)
           or excluded.state <> 'AGREED' and matters.since <> excluded.since
        returning id, complaint_id, right_system)
    insert into agreement_events (matter_id, at, state, cause, fields, seconds, actor)
    select s.id, now(), f.state, f.cause, f.fields,
           case when f.state = 'AGREED' then extract(epoch from now() - b.since) end, cause_actor
    from saved s join found f on f.complaint_id = s.complaint_id and f.system = s.right_system
    left join before b on b.complaint_id = s.complaint_id and b.right_system = s.right_system
    where case when b.id is null then f.state <> 'AGREED' else b.state <> f.state end;

    delete from differences d using matters m
    where m.id = d.matter_id and m.pair = 'report' and m.complaint_id = any(complaint_ids);
    insert into differences (matter_id, field, left_value, right_value, left_at, right_at, decider, cause, next_step)
    select m.id, d.field, d.left_value, d.right_value, d.left_at, d.right_at, d.decider, d.cause, d.next_step
    from report_differences(complaint_ids) d
    join matters m on m.pair = 'report' and m.complaint_id = d.complaint_id and m.right_system = d.system;
end $$;

create function refresh_due_matters() returns trigger language plpgsql as $$
declare
    ids bigint[];
begin
    -- The first of the deferred triggers of a transaction finds all that it noted, the others nothing.
    with due as (delete from matters_due where transaction = pg_current_xact_id() returning complaint_id)
    select array_agg(complaint_id) into ids from due;
    if ids is not null then
        perform refresh_report_matters(ids);
    end if;
    return null;
end $$;
create constraint trigger refresh_due_matters after insert on matters_due
    deferrable initially deferred for each row execute function refresh_due_matters();

create function note_due_matters() returns trigger language plpgsql as $$
begin
    if tg_op <> 'DELETE' then
        insert into matters_due (complaint_id) select distinct complaint_id from new_rows
        on conflict do nothing;
    end if;
    if tg_op <> 'INSERT' then
        insert into matters_due (complaint_id) select distinct complaint_id from old_rows
        on conflict do nothing;
    end if;
    return null;
end $$;

create trigger note_shared_inserted after insert on shared_fields
    referencing new table as new_rows for each statement execute function note_due_matters();
create trigger note_shared_updated after update on shared_fields
    referencing old table as old_rows new table as new_rows for each statement execute function note_due_matters();
create trigger note_shared_deleted after delete on shared_fields
    referencing old table as old_rows for each statement execute function note_due_matters();
create trigger note_linked after insert on counterparts
    referencing new table as new_rows for each statement execute function note_due_matters();
create trigger note_unlinked after delete on counterparts
    referencing old table as old_rows for each statement execute function note_due_matters();
create trigger note_delivery_planned after insert on deliveries
    referencing new table as new_rows for each statement execute function note_due_matters();
create trigger note_delivery_changed after update on deliveries
    referencing old table as old_rows new table as new_rows for each statement execute function note_due_matters();

-- Only what a system shares matters of a complaint, and only if it has a counterpart.
create function note_due_complaints() returns trigger language plpgsql as $$
begin
    insert into matters_due (complaint_id)
    select n.id from new_rows n join old_rows o on o.id = n.id
    where (n.status, n.agency_code, n.class, n.category, n.area_code, n.anonymous, n.secret)
        is distinct from (o.status, o.agency_code, o.class, o.category, o.area_code, o.anonymous, o.secret)
      and exists (select from matters m where m.complaint_id = n.id)
    on conflict do nothing;
    return null;
end $$;
create trigger note_complaint_changed after update on complaints
    referencing old table as old_rows new table as new_rows for each statement execute function note_due_complaints();

select refresh_report_matters(array_agg(complaint_id)) from (
    select complaint_id from counterparts union select complaint_id from deliveries where action = 'CREATE') linked
having count(*) > 0;
