-- $1 status, $2 the viewer's own ticket
select count(*) as n from complaints c
where c.status = $1
  and (not c.secret and c.status not in ('RECEIVED', 'REJECTED') and c.verified_at is not null or c.ticket = $2)
