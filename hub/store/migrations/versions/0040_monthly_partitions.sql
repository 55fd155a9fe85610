-- The partitions by month, in UTC, with the column `key` that they are made by. `starts` is null in the one with all rows
-- from before its table was partitioned; both times are null in the default partition, which takes what has no month.
create view monthly_partitions as
select p.relname::text as parent, c.relname::text as name, a.attname::text as key,
       substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']+)''\)')::timestamptz as starts,
       substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)')::timestamptz as ends
from pg_partitioned_table t join pg_class p on p.oid = t.partrelid join pg_inherits i on i.inhparent = p.oid
join pg_class c on c.oid = i.inhrelid join pg_attribute a on a.attrelid = p.oid and a.attnum = t.partattrs[0]
where t.partstrat = 'r' and p.relnamespace = 'public'::regnamespace;

create function copy_privileges(source regclass, target regclass) returns void language plpgsql as $$
declare one record;
begin
    for one in select a.grantee, a.privilege_type from pg_class c cross join aclexplode(c.relacl) a
               where c.oid = source and a.grantee not in (0, c.relowner) loop
        execute format('grant %s on %s to %s', one.privilege_type, target, one.grantee::regrole);
    end loop;
end $$;
revoke execute on function copy_privileges(regclass, regclass) from public;

-- Makes the partitions of a table that are missing, from the present month to the one `ahead` months later, and returns
-- how many. A month of which rows are in the default partition is left out: they would have to be moved under a lock.
-- The role that the hub works as may not create tables, so this runs as the owner. It waits half a second for a lock.
create function make_months(parent text, ahead int) returns int language plpgsql security definer
set search_path = public, pg_temp set timezone = 'UTC' set lock_timeout = '500ms' as $$
declare
    rest constant text := parent || '_default';
    present constant timestamptz := date_trunc('month', now());
    made int := 0;
    key text;
    month timestamptz;
    late boolean;
    name text;
begin
    select m.key into strict key from monthly_partitions m where m.parent = make_months.parent and m.name = rest;
    perform pg_advisory_xact_lock(hashtextextended('months ' || parent, 0));
    for month in select generate_series(present, present + make_interval(months => ahead), interval '1 month') loop
        continue when exists (select from monthly_partitions m where m.parent = make_months.parent
                              and m.ends > month and coalesce(m.starts <= month, true));
        -- Before a row is looked for, so that none comes afterwards; writers lock the table before its partition as well.
        execute format('lock table only %I in share update exclusive mode', parent);
        execute format('lock table %I in access exclusive mode', rest);
        execute format('select exists (select from %I where %I >= $1 and %2$I < $2)', rest, key)
            into late using month, month + interval '1 month';
        continue when late;
        name := parent || to_char(month, '_YYYY_MM');
        execute format('create table %I (like %I including all excluding identity)', name, rest);
        perform copy_privileges(parent::regclass, name::regclass);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       parent, name, month, month + interval '1 month');
        made := made + 1;
    end loop;
    return made;
end $$;
revoke execute on function make_months(text, int) from public;

-- Drops one partition of a month. Who may call it may also delete the rows.
create function drop_month(month text) returns void language plpgsql security definer
set search_path = public, pg_temp set lock_timeout = '500ms' as $$
begin
    if not exists (select from monthly_partitions m where m.name = month and m.ends is not null) then
        raise exception '% is no partition of a month', month;
    end if;
    execute format('drop table %I', month);
end $$;
revoke execute on function drop_month(text) from public;

-- PostgreSQL takes statistics of partitions by itself, but not of the table that they belong to.
create function count_months(parent text) returns void language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    if not exists (select from monthly_partitions m where m.parent = count_months.parent) then
        raise exception '% is not partitioned by month', parent;
    end if;
    execute format('analyze %I', parent);
end $$;
revoke execute on function count_months(text) from public;
