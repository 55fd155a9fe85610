-- A pushed authorization request is gone once it was used, and of one client only the newest are kept.
delete from pushed_requests where used_at is not null;
alter table pushed_requests drop column used_at;
create index pushed_requests_newest on pushed_requests (client_id, expires_at desc);
