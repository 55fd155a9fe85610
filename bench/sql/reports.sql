-- $1 ids of complaints; of several reports of a complaint, the last row counts
select p.complaint_id, r.body ->> 'tracking_id' as tracking_id, r.status, r.body ->> 'disposition' as disposition,
       greatest(r.seen_at, case when s.tells_changes then s.synced_at end) as as_of
from counterparts p
join records r on r.system = p.system and r.external_id = p.external_id
join systems s on s.name = r.system
where p.complaint_id = any(cast($1 as bigint[])) and r.kind = 'report' and r.gone_at is null /* shown */
order by r.occurred_at, r.id
