-- $1 codes of agencies, $2 the number of orders of each
select a.code, o.order_id, o.amount, o.currency, o.status, o.supplier, o.as_of
from unnest(cast($1 as text[])) as a (code)
cross join lateral (
    select r.body ->> 'order_id' as order_id, cast(r.amount as text) as amount, r.currency, r.status,
           r.body ->> 'supplier' as supplier,
           greatest(r.seen_at, case when s.tells_changes then s.synced_at end) as as_of
    from record_keys n
    join records r on r.system = n.system and r.id = n.record_id
    join systems s on s.name = r.system
    where n.kind = 'order' and n.name = 'agency' and n.value = a.code and r.gone_at is null /* shown */
    order by n.occurred_at desc, n.record_id desc
    limit cast($2 as int)
) o
