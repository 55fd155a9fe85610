-- $1 status, $2 channel
select count(*) as n from complaints c where c.status = $1 and c.channel = $2 /* visible */
