-- $1 status, $2 and $3 the position after which the page begins, $4 the number of rows, $5 the viewer's own ticket
select c.id, c.agency_code, c.ticket, c.title, c.status, c.channel, c.received_at, c.due_at, c.secret,
       coalesce(c.due_at < now() and c.status <> all('{ANSWERED,CLOSED,REJECTED,RETURNED}'), false) as overdue,
       cast(c.received_at as text) as sort, c.ticket = $5 as own
from complaints c
where c.status = $1 and (c.received_at, c.id) < (cast($2 as timestamptz), cast($3 as bigint))
  and (not c.secret and c.status not in ('RECEIVED', 'REJECTED') and c.verified_at is not null or c.ticket = $5)
order by c.received_at desc, c.id desc
limit cast($4 as int)
