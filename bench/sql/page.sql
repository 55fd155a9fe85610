-- $1 status, $2 channel, $3 and $4 the position after which the page begins, $5 the number of rows
select c.id, c.agency_code, c.reporter_id, c.ticket, c.title, c.status, c.channel, c.received_at, c.due_at, c.secret,
       coalesce(c.due_at < now() and c.status <> all('{ANSWERED,CLOSED,REJECTED,RETURNED}'), false) as overdue,
       cast(c.received_at as text) as sort
from complaints c
where c.status = $1 and c.channel = $2
  and (c.received_at, c.id) < (cast($3 as timestamptz), cast($4 as bigint)) /* visible */
order by c.received_at desc, c.id desc
limit cast($5 as int)
