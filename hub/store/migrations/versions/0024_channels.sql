-- The channels that a client may submit complaints by: where none is named, any.
alter table clients add column channels text[] not null default '{}';
-- Whoever submits now goes on by the channels it has used.
update clients c set channels = used.channels
from (select submitted_by, array_agg(distinct channel order by channel) as channels from complaints group by submitted_by) used
where used.submitted_by = 'client:' || c.id;
