-- A keyed hash of the secret key that this database is used with, so that another one is noticed; never the key.
create table secret_fingerprint (
    single boolean primary key default true check (single),
    hash bytea not null,
    kept_at timestamptz not null default now()
);
