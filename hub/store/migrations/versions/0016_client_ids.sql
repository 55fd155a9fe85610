-- An id is a client's once: complaints and idempotency keys name it, and would become the next client's of that id.
create table deleted_clients (id text primary key, at timestamptz not null default now());
insert into deleted_clients (id)
    select distinct substr(submitted_by, 8) from complaints
    where submitted_by like 'client:%' and substr(submitted_by, 8) not in (select id from clients);
