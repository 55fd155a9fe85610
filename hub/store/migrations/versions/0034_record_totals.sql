-- Numbers and sums of payments and orders, kept in the transaction that writes them: a year of ten million rows is read
-- in milliseconds. The columns are those that totals are grouped by and that visibility depends on.
create table record_totals (
    kind text not null,
    day date not null,
    system text not null,
    status text not null,
    secret boolean not null,
    facts jsonb not null,
    records bigint not null,
    amount numeric not null,
    primary key (kind, day, system, status, secret, facts)
);

create function is_totalled(r records) returns boolean language sql immutable as $$
    select r.kind in ('payment', 'order') and r.gone_at is null
       and r.occurred_at between '0001-01-02 00:00:00+00' and '9999-12-30 00:00:00+00'
       and r.updated_at between '0001-01-02 00:00:00+00' and '9999-12-30 00:00:00+00'
$$;

create function total_facts(body jsonb) returns jsonb language sql immutable as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'merchant', body -> 'merchant', 'corridor', body -> 'corridor',
        'agency_code', body -> 'agency_code', 'marketplace', body -> 'marketplace'))
$$;

create function jakarta_day(at timestamptz) returns date language sql immutable as $$
    select (at at time zone 'Asia/Jakarta')::date
$$;

-- Rows are added in the order of the key, so that two transactions cannot wait for each other.
create function add_to_totals() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into record_totals as t
        select r.kind, jakarta_day(r.occurred_at), r.system, r.status, r.secret, total_facts(r.body),
               count(*), coalesce(sum(r.amount), 0)
        from new_rows r where is_totalled(r) group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, day, system, status, secret, facts)
        do update set records = t.records + excluded.records, amount = t.amount + excluded.amount;
    elsif tg_op = 'DELETE' then
        insert into record_totals as t
        select r.kind, jakarta_day(r.occurred_at), r.system, r.status, r.secret, total_facts(r.body),
               -count(*), -coalesce(sum(r.amount), 0)
        from old_rows r where is_totalled(r) group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, day, system, status, secret, facts)
        do update set records = t.records + excluded.records, amount = t.amount + excluded.amount;
    else
        insert into record_totals as t
        with moved as (
            select v.* from old_rows o join new_rows n using (system, id)
            cross join lateral (values
                (o.kind, o.occurred_at, o.system, o.status, o.secret, o.body, o.amount, -1, is_totalled(o)),
                (n.kind, n.occurred_at, n.system, n.status, n.secret, n.body, n.amount, 1, is_totalled(n))
            ) v (kind, occurred_at, system, status, secret, body, amount, by, counts)
            where counts
              and (o.status, o.secret, o.amount, o.occurred_at, o.updated_at, o.gone_at, o.body)
                  is distinct from (n.status, n.secret, n.amount, n.occurred_at, n.updated_at, n.gone_at, n.body)
        )
        select kind, jakarta_day(occurred_at), system, status, secret, total_facts(body),
               sum(by), coalesce(sum(by * amount), 0)
        from moved group by 1, 2, 3, 4, 5, 6
        having sum(by) <> 0 or coalesce(sum(by * amount), 0) <> 0 order by 1, 2, 3, 4, 5, 6
        on conflict (kind, day, system, status, secret, facts)
        do update set records = t.records + excluded.records, amount = t.amount + excluded.amount;
    end if;
    return null;
end $$;

create trigger records_inserted_are_totalled after insert on records
    referencing new table as new_rows for each statement execute function add_to_totals();
create trigger records_updated_are_totalled after update on records
    referencing old table as old_rows new table as new_rows for each statement execute function add_to_totals();
create trigger records_deleted_are_totalled after delete on records
    referencing old table as old_rows for each statement execute function add_to_totals();

-- The same from the records themselves, of what occurred from one time to before another.
create function counted_totals(from_time timestamptz, to_time timestamptz) returns setof record_totals
language sql stable as $$
    select r.kind, jakarta_day(r.occurred_at), r.system, r.status, r.secret, total_facts(r.body),
           count(*), coalesce(sum(r.amount), 0)
    from records r
    where is_totalled(r) and r.occurred_at >= from_time and r.occurred_at < to_time
    group by 1, 2, 3, 4, 5, 6
$$;

insert into record_totals select * from counted_totals('-infinity', 'infinity');

-- The totals of these days that are not those of the records, with what they should be.
create function differing_totals(first_day date, after_day date) returns setof record_totals
language sql stable as $$
    select kind, day, system, status, secret, facts, coalesce(c.records, 0), coalesce(c.amount, 0)
    from counted_totals(first_day::timestamp at time zone 'Asia/Jakarta',
                        after_day::timestamp at time zone 'Asia/Jakarta') c
    full join (select * from record_totals
               where day >= first_day and day < after_day and (records <> 0 or amount <> 0)) t
         using (kind, day, system, status, secret, facts)
    where (c.records, c.amount) is distinct from (t.records, t.amount)
$$;
