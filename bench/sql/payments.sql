-- $1 ids of complaints
select k.complaint_id, r.body ->> 'reference' as reference, cast(r.amount as text) as amount, r.currency,
       r.occurred_at as paid_at, r.body ->> 'merchant' as merchant, r.body ->> 'corridor' as corridor, r.status,
       greatest(r.seen_at, case when s.tells_changes then s.synced_at end) as as_of
from complaint_keys k
join record_keys n on n.kind = 'payment' and n.name = 'payment' and n.value = k.value
join records r on r.system = n.system and r.id = n.record_id
join systems s on s.name = r.system
where k.complaint_id = any(cast($1 as bigint[])) and k.name = 'payment' and r.gone_at is null /* shown */
order by n.occurred_at desc, n.record_id desc
