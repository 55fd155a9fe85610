-- Who read which reporters, and the audit trail, in one transaction: $1 ids of complaints, $2 reader, $3 client,
-- $4 id of the request, $5 tickets
with noted as (
    insert into reads (complaint_id, reader, client, purpose, fields, correlation)
    select id, $2, $3, 'HANDLING', '{name,phone}', $4 from unnest(cast($1 as bigint[])) as id
)
insert into audit_events (action, subject, details, actor, client, network, request_id)
select 'identity:read', 'complaint:' || ticket, '{"purpose": "HANDLING", "fields": ["name", "phone"]}', $2, $3,
       '127.0.0.0/24', $4
from unnest(cast($5 as text[])) as ticket
