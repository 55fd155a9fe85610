-- Partners, people who sign in, and what they were granted. Secrets, codes and tokens are hashes here.

create table clients (
    id text primary key,
    name text not null,
    organisation text not null,
    auth_method text not null check (auth_method in ('private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none')),
    grants text[] not null,
    scopes text[] not null,
    redirect_uris text[] not null default '{}',
    origins text[] not null default '{}',
    jwks jsonb,
    jwks_uri text,
    must_push boolean not null default false,
    must_bind boolean not null default false,
    documents_only boolean not null default false,
    -- A day at most: a signing key that was replaced is kept for as long.
    token_seconds int check (token_seconds between 1 and 86400),
    requests_per_minute int not null default 600 check (requests_per_minute > 0),
    cost_per_minute int not null default 100000 check (cost_per_minute > 0),
    created_at timestamptz not null default now(),
    suspended_at timestamptz
);

-- Two can hold at once, so that a secret is rotated without an outage.
create table client_secrets (
    hash bytea primary key,
    client_id text not null references clients (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);
create index client_secrets_client on client_secrets (client_id);

-- Operations a pinned client may send: `sha256:` and the hash of the text.
create table documents (
    client_id text not null references clients (id) on delete cascade,
    id text not null,
    text text not null,
    primary key (client_id, id)
);

create table users (
    id text primary key,
    username text unique,
    kind text not null check (kind in ('OFFICER', 'CITIZEN')),
    agency_code text references agencies (code),
    scopes text[] not null default '{}',
    password_hash text,
    failures int not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null default now(),
    suspended_at timestamptz
);

-- Who a user is at an outside issuer.
create table identities (
    issuer text not null,
    subject text not null,
    user_id text not null references users (id) on delete cascade,
    primary key (issuer, subject)
);

create table signing_keys (
    kid text primary key,
    sealed bytea not null,
    public jsonb not null,
    created_at timestamptz not null default now(),
    signs_from timestamptz not null,
    signs_until timestamptz,
    gone_at timestamptz
);

-- Everything issued from one authorization: revoked as a whole.
create table grants (
    id uuid primary key,
    client_id text not null references clients (id) on delete cascade,
    user_id text references users (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index grants_expiry on grants (expires_at);
create index grants_user on grants (user_id, client_id);

create table authorization_codes (
    hash bytea primary key,
    grant_id uuid not null references grants (id) on delete cascade,
    redirect_uri text not null,
    scopes text[] not null,
    resources text[] not null default '{}',
    nonce text,
    challenge text not null,
    dpop_jkt text,
    signed_in_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table refresh_tokens (
    hash bytea primary key,
    grant_id uuid not null references grants (id) on delete cascade,
    scopes text[] not null,
    resources text[] not null default '{}',
    dpop_jkt text,
    signed_in_at timestamptz not null,
    issued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_grant on refresh_tokens (grant_id);

-- Single access tokens taken back before their time.
create table revoked_tokens (
    jti text primary key,
    expires_at timestamptz not null
);

create table pushed_requests (
    hash bytea primary key,
    client_id text not null references clients (id) on delete cascade,
    parameters jsonb not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

-- What may be seen once only: client assertions' and DPoP proofs' ids.
create table seen_once (
    hash bytea primary key,
    expires_at timestamptz not null
);
create index seen_once_expiry on seen_once (expires_at);

create table consents (
    user_id text not null references users (id) on delete cascade,
    client_id text not null references clients (id) on delete cascade,
    scopes text[] not null,
    granted_at timestamptz not null default now(),
    primary key (user_id, client_id)
);

create table sessions (
    hash bytea primary key,
    user_id text references users (id) on delete cascade,
    state jsonb not null default '{}',
    signed_in_at timestamptz,
    expires_at timestamptz not null
);

-- Each time somebody reads who a reporter is: who, when, which, why. The reporter can read it.
create table reads (
    id bigint generated always as identity primary key,
    complaint_id bigint not null references complaints (id),
    at timestamptz not null default now(),
    reader text not null,
    client text,
    purpose text not null,
    fields text[] not null,
    correlation text not null
);
create index reads_complaint on reads (complaint_id, id);

-- Counts up whenever a client, a user or a token loses something, so that every process forgets what it remembered;
-- with a new client too, because its origins are remembered before it first comes.
create table auth_epoch (single boolean primary key default true check (single), number bigint not null);
insert into auth_epoch (number) values (1);
create function count_auth_epoch() returns trigger language plpgsql as $$
begin
    update auth_epoch set number = number + 1;
    return null;
end $$;
create trigger clients_changed after insert or update or delete on clients
    for each statement execute function count_auth_epoch();
create trigger documents_gone after update or delete on documents for each statement execute function count_auth_epoch();
create trigger users_changed after update of scopes, suspended_at, agency_code or delete on users
    for each statement execute function count_auth_epoch();
create trigger grants_revoked after update of revoked_at on grants for each statement execute function count_auth_epoch();
create trigger tokens_revoked after insert on revoked_tokens for each statement execute function count_auth_epoch();
create trigger keys_gone after update of gone_at on signing_keys for each statement execute function count_auth_epoch();

-- Whose complaint it is, for those who submit with an account. Named when it changes, like the reporter, but not told.
alter table complaints add column citizen_id text references users (id);
create index complaints_citizen on complaints (citizen_id, received_at desc, id desc) where citizen_id is not null;
create index complaints_submitted on complaints (submitted_by, received_at desc, id desc);
create or replace function complaint_facts(c complaints) returns jsonb language sql immutable as $$
    select to_jsonb(c) - array['id', 'title', 'text', 'latitude', 'longitude', 'reporter_id', 'citizen_id',
                               'attachments', 'updated_at']
$$;
create or replace function complaint_prose(c complaints) returns jsonb language sql immutable as $$
    select jsonb_build_object('title', c.title, 'text', c.text, 'latitude', c.latitude, 'longitude', c.longitude,
                              'reporter', c.reporter_id, 'citizen', c.citizen_id, 'attachments', c.attachments)
$$;
