-- At the end of each pull: what was linked since the last one, and what is no longer on its way.
create index counterparts_linked on counterparts (system, linked_at);
create index deliveries_over on deliveries (system, coalesce(settled_at, due_at))
    where state not in ('WAITING', 'SENDING');
