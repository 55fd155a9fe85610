-- Records that may be a complaint's counterpart, because somebody wrote the record's number or the complaint's ticket.
create table claims (
    system text not null references systems (name),
    external_id text not null,
    complaint_id bigint not null references complaints (id),
    source text not null,
    claimed_at timestamptz not null default now(),
    dismissed_at timestamptz,
    dismissed_by text,
    primary key (system, external_id, complaint_id)
);
create index claims_complaint on claims (complaint_id);
create index claims_open on claims (complaint_id) where dismissed_at is null;

-- Until now whoever wrote such a thing was believed. What the hub brought there stays a counterpart; the rest is a claim.
update counterparts p set origin = 'SENT' where origin = 'TAG' and exists (
    select from deliveries d where d.system = p.system and d.complaint_id = p.complaint_id and d.action = 'CREATE'
    and d.state <> 'GIVEN_UP' and coalesce(d.external_id, p.external_id) = p.external_id);
with unproven as (delete from counterparts where origin in ('TAG', 'KEY') returning *)
insert into claims (system, external_id, complaint_id, source, claimed_at)
select u.system, u.external_id, u.complaint_id, case u.origin when 'TAG' then 'TAG' else 'NUMBER' end, u.linked_at
from unproven u join complaints c on c.id = u.complaint_id
where u.origin = 'TAG' or c.status <> 'REJECTED';
delete from shared_fields f where not exists (
    select from counterparts p where p.system = f.system and p.complaint_id = f.complaint_id);
