-- Numbers of complaints by month of receipt and one of their columns (`by` with its `value`), kept in the transaction
-- that writes them. The other columns are those that visibility depends on. A total is the sum of its rows: each write
-- adds some, so that no write waits for another, and the worker merges them.
create table complaint_totals (
    by text not null,
    month date not null,
    value text,
    agency_code text,
    secret boolean not null,
    public boolean not null,
    complaints bigint not null
);
create index complaint_totals_month on complaint_totals (by, month);

-- The condition of hub.store.queries.visibility.public.
create function is_public(c complaints) returns boolean language sql immutable as $$
    select not c.secret and c.status not in ('RECEIVED', 'REJECTED') and c.verified_at is not null
$$;

create function add_to_complaint_totals() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into complaint_totals
        select v.by, date_trunc('month', jakarta_day(c.received_at))::date, v.value, c.agency_code, c.secret,
               is_public(c), count(*)
        from new_rows c cross join lateral (values ('agency', c.agency_code), ('area', c.area_code),
            ('category', c.category), ('channel', c.channel), ('status', c.status)) v (by, value)
        group by 1, 2, 3, 4, 5, 6;
    elsif tg_op = 'DELETE' then
        insert into complaint_totals
        select v.by, date_trunc('month', jakarta_day(c.received_at))::date, v.value, c.agency_code, c.secret,
               is_public(c), -count(*)
        from old_rows c cross join lateral (values ('agency', c.agency_code), ('area', c.area_code),
            ('category', c.category), ('channel', c.channel), ('status', c.status)) v (by, value)
        group by 1, 2, 3, 4, 5, 6;
    else
        insert into complaint_totals
        select v.by, date_trunc('month', jakarta_day(c.received_at))::date, v.value, c.agency_code, c.secret,
               c.public, sum(c.change)
        from (select agency_code, area_code, category, channel, status, secret, received_at, is_public(o) as public,
                     -1 as change from old_rows o
              union all
              select agency_code, area_code, category, channel, status, secret, received_at, is_public(n), 1
              from new_rows n) c
        cross join lateral (values ('agency', c.agency_code), ('area', c.area_code), ('category', c.category),
                                   ('channel', c.channel), ('status', c.status)) v (by, value)
        group by 1, 2, 3, 4, 5, 6 having sum(c.change) <> 0;
    end if;
    return null;
end $$;

create trigger complaints_inserted_are_totalled after insert on complaints
    referencing new table as new_rows for each statement execute function add_to_complaint_totals();
create trigger complaints_updated_are_totalled after update on complaints
    referencing old table as old_rows new table as new_rows for each statement execute function add_to_complaint_totals();
create trigger complaints_deleted_are_totalled after delete on complaints
    referencing old table as old_rows for each statement execute function add_to_complaint_totals();

-- What has to be added to the totals so that they are those of the complaints. It reads both in one snapshot, so it is
-- right whatever is written meanwhile.
create function differing_complaint_totals() returns setof complaint_totals language sql stable as $$
    select by, month, value, agency_code, secret, public, sum(complaints)
    from (
        select v.by, c.month, v.value, c.agency_code, c.secret, c.public, c.complaints
        from (select date_trunc('month', jakarta_day(received_at))::date as month, agency_code, area_code, category,
                     channel, status, secret, is_public(c) as public, 1 as complaints from complaints c) c
        cross join lateral (values ('agency', c.agency_code), ('area', c.area_code), ('category', c.category),
                                   ('channel', c.channel), ('status', c.status)) v (by, value)
        union all
        select by, month, value, agency_code, secret, public, -complaints from complaint_totals
    ) c
    group by 1, 2, 3, 4, 5, 6 having sum(complaints) <> 0
$$;
