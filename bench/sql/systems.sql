select s.name, s.title, s.synced_at, s.down_since,
       case when not s.enabled then 'DISABLED' when s.stopped_at is not null then 'STOPPED'
            when s.down_since is not null then 'DOWN' when s.synced_at is null then 'STARTING' else 'UP' end as state,
       cast(round(cast(extract(epoch from now() - s.synced_at) as numeric), 1) as float) as lag,
       cast(coalesce((select sum(c.records) from record_counts c where c.system = s.name), 0) as int) as records,
       cast((select count(*) from quarantine q where q.system = s.name and q.state = 'OPEN') as int) as quarantined
from systems s
order by s.name
