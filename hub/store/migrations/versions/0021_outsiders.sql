-- One client of an outside issuer, or one identity of a user, can be shut out.
create table outside_suspensions (
    partner text primary key,
    suspended_at timestamptz not null default now()
);
alter table identities add column suspended_at timestamptz;
create trigger outside_suspensions_changed after insert or delete on outside_suspensions
    for each statement execute function count_auth_epoch();
create trigger identities_changed after update or delete on identities
    for each statement execute function count_auth_epoch();
