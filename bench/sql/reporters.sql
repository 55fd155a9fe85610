-- $1 ids of reporters
select id, sealed from reporters where id = any(cast($1 as bigint[]))
