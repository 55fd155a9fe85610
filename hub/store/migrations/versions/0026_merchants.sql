-- The merchants whose payments a client may see in its own name: where none is named, it sees no payments.
alter table clients add column merchants text[] not null default '{}';
