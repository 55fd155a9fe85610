-- Numbers of records, kept in the transaction that writes them, so that a list is counted without its rows. The columns
-- and the facts `agency_code` and `merchant` are those that visibility depends on. Numbers by `all` have no other fact,
-- those by another fact have it as well; they count the records that have it. Writes of a system are one at a time.
-- All of this can be run again, if what follows it fails.
create table if not exists record_fact_counts (
    kind text not null,
    by text not null,
    system text not null,
    status text not null,
    secret boolean not null,
    facts jsonb not null,
    records bigint not null,
    primary key (kind, by, system, status, secret, facts)
) with (fillfactor = 50);
create index if not exists record_fact_counts_agency
    on record_fact_counts (kind, (facts ->> 'agency_code')) where by = 'all';
create index if not exists record_fact_counts_area
    on record_fact_counts (kind, (facts ->> 'area_code')) where by = 'area_code';
create index if not exists record_fact_counts_type
    on record_fact_counts (kind, (facts ->> 'type_code')) where by = 'type_code';

-- The condition of hub.store.queries.record_entities for the records that lists have.
create or replace function is_counted(r records) returns boolean language sql immutable as $$
    select r.gone_at is null
       and r.occurred_at between '0001-01-02 00:00:00+00' and '9999-12-30 00:00:00+00'
       and r.updated_at between '0001-01-02 00:00:00+00' and '9999-12-30 00:00:00+00'
$$;

-- The facts by which records are counted. Few records share a supplier or a business. They are read together, because
-- PostgreSQL decompresses a large body for each fact that is read by itself.
create or replace function counted_facts(body jsonb) returns table (
    agency_code text, merchant text, area_code text, authority text, corridor text,
    legal_form text, marketplace text, paid_for text, sector text, type_code text
) language sql immutable as $$
    select * from jsonb_to_record(body) f (
        agency_code text, merchant text, area_code text, authority text, corridor text,
        legal_form text, marketplace text, paid_for text, sector text, type_code text)
$$;

-- The facts of each number that a record with these facts is in.
create or replace function fact_sets(
    agency_code text, merchant text, area_code text, authority text, corridor text,
    legal_form text, marketplace text, paid_for text, sector text, type_code text
) returns table (by text, facts jsonb) language sql immutable as $$
    select v.by, jsonb_strip_nulls(jsonb_build_object('agency_code', agency_code, 'merchant', merchant, v.by, v.value))
    from (values ('all', null), ('area_code', area_code), ('authority', authority), ('corridor', corridor),
                 ('legal_form', legal_form), ('marketplace', marketplace), ('paid_for', paid_for), ('sector', sector),
                 ('type_code', type_code)) v (by, value)
    where v.by = 'all' or v.value is not null
$$;

-- Rows are added in the order of the key, so that two transactions cannot wait for each other.
create or replace function add_to_fact_counts() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into record_fact_counts as t
        select kind, s.by, system, status, secret, s.facts, sum(n)
        from (select r.kind, r.system, r.status, r.secret, f.*, count(*) as n
              from new_rows r cross join lateral counted_facts(r.body) f
              where is_counted(r) group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) c
        cross join lateral fact_sets(
            agency_code, merchant, area_code, authority, corridor,
            legal_form, marketplace, paid_for, sector, type_code) s
        group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, by, system, status, secret, facts) do update set records = t.records + excluded.records;
    elsif tg_op = 'DELETE' then
        insert into record_fact_counts as t
        select kind, s.by, system, status, secret, s.facts, -sum(n)
        from (select r.kind, r.system, r.status, r.secret, f.*, count(*) as n
              from old_rows r cross join lateral counted_facts(r.body) f
              where is_counted(r) group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) c
        cross join lateral fact_sets(
            agency_code, merchant, area_code, authority, corridor,
            legal_form, marketplace, paid_for, sector, type_code) s
        group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, by, system, status, secret, facts) do update set records = t.records + excluded.records;
    else
        insert into record_fact_counts as t
        select kind, s.by, system, status, secret, s.facts, sum(n)
        from (select v.kind, v.system, v.status, v.secret, f.*, sum(v.change) as n
              from old_rows o join new_rows n using (system, id)
              cross join lateral (values (o.kind, o.system, o.status, o.secret, o.body, -1, is_counted(o)),
                                         (n.kind, n.system, n.status, n.secret, n.body, 1, is_counted(n))
              ) v (kind, system, status, secret, body, change, counts)
              cross join lateral counted_facts(v.body) f
              where v.counts and ((o.status, o.secret, o.body) is distinct from (n.status, n.secret, n.body)
                                  or is_counted(o) <> is_counted(n))
              group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 having sum(v.change) <> 0) c
        cross join lateral fact_sets(
            agency_code, merchant, area_code, authority, corridor,
            legal_form, marketplace, paid_for, sector, type_code) s
        group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, by, system, status, secret, facts) do update set records = t.records + excluded.records;
    end if;
    return null;
end $$;

create or replace trigger records_inserted_are_counted after insert on records
    referencing new table as new_rows for each statement execute function add_to_fact_counts();
create or replace trigger records_updated_are_counted after update on records
    referencing old table as old_rows new table as new_rows for each statement execute function add_to_fact_counts();
create or replace trigger records_deleted_are_counted after delete on records
    referencing old table as old_rows for each statement execute function add_to_fact_counts();

-- What has to be added to the numbers of a system so that they are those of its records. It reads both in one snapshot,
-- so it is right whatever is written meanwhile.
create or replace function differing_fact_counts(of_system text) returns setof record_fact_counts
language sql stable as $$
    select kind, by, system, status, secret, facts, sum(records)
    from (
        select c.kind, s.by, c.system, c.status, c.secret, s.facts, c.records
        from (select r.kind, r.system, r.status, r.secret, f.*, count(*) as records
              from records r cross join lateral counted_facts(r.body) f
              where r.system = of_system and is_counted(r)
              group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) c
        cross join lateral fact_sets(
            agency_code, merchant, area_code, authority, corridor,
            legal_form, marketplace, paid_for, sector, type_code) s
        union all
        select kind, by, system, status, secret, facts, -records from record_fact_counts where system = of_system
    ) c
    group by 1, 2, 3, 4, 5, 6 having sum(records) <> 0
$$;

-- Complaints are counted of all months together as well: as the month '-infinity', and by their class.
create or replace function counted_columns(c complaints) returns table (month date, by text, value text)
language sql immutable as $$
    select m.month, v.by, v.value
    from (values (date_trunc('month', jakarta_day(c.received_at))::date), ('-infinity')) m (month)
    cross join (values ('agency', c.agency_code), ('area', c.area_code), ('category', c.category),
                       ('channel', c.channel), ('class', c.class), ('status', c.status)) v (by, value)
$$;

create or replace function add_to_complaint_totals() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into complaint_totals
        select v.by, v.month, v.value, c.agency_code, c.secret, is_public(c), count(*)
        from new_rows c cross join lateral counted_columns(c) v group by 1, 2, 3, 4, 5, 6;
    elsif tg_op = 'DELETE' then
        insert into complaint_totals
        select v.by, v.month, v.value, c.agency_code, c.secret, is_public(c), -count(*)
        from old_rows c cross join lateral counted_columns(c) v group by 1, 2, 3, 4, 5, 6;
    else
        insert into complaint_totals
        select by, month, value, agency_code, secret, public, sum(change)
        from (select v.*, o.agency_code, o.secret, is_public(o) as public, -1 as change
              from old_rows o cross join lateral counted_columns(o) v
              union all
              select v.*, n.agency_code, n.secret, is_public(n), 1
              from new_rows n cross join lateral counted_columns(n) v) c
        group by 1, 2, 3, 4, 5, 6 having sum(change) <> 0;
    end if;
    return null;
end $$;

-- The triggers are the same. To replace them waits for the writes that the function was called for as it was before.
create or replace trigger complaints_inserted_are_totalled after insert on complaints
    referencing new table as new_rows for each statement execute function add_to_complaint_totals();
create or replace trigger complaints_updated_are_totalled after update on complaints
    referencing old table as old_rows new table as new_rows
    for each statement execute function add_to_complaint_totals();
create or replace trigger complaints_deleted_are_totalled after delete on complaints
    referencing old table as old_rows for each statement execute function add_to_complaint_totals();

create or replace function differing_complaint_totals() returns setof complaint_totals language sql stable as $$
    select by, month, value, agency_code, secret, public, sum(complaints)
    from (
        select v.by, v.month, v.value, c.agency_code, c.secret, is_public(c) as public, count(*) as complaints
        from complaints c cross join lateral counted_columns(c) v group by 1, 2, 3, 4, 5, 6
        union all
        select by, month, value, agency_code, secret, public, -complaints from complaint_totals
    ) c
    group by 1, 2, 3, 4, 5, 6 having sum(complaints) <> 0
$$;
