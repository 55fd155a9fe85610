-- Second factors: the secret of an authenticator app, sealed, and hashes of codes to recover with.
create table second_factors (
    user_id text primary key references users (id) on delete cascade,
    sealed bytea not null,
    -- The step of thirty seconds whose code was used last: none is taken twice.
    step bigint not null,
    failures int not null default 0,
    created_at timestamptz not null default now()
);
create table recovery_codes (
    hash bytea primary key,
    user_id text not null references second_factors (user_id) on delete cascade
);
create index recovery_codes_user on recovery_codes (user_id);
-- What a user may be granted can depend on it.
create trigger second_factors_changed after insert or delete on second_factors
    for each statement execute function count_auth_epoch();
