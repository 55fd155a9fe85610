-- Attempts to sign in are counted for one name at one device or network, no longer for the name alone: a stranger's
-- failures kept the user out.
create table sign_in_attempts (
    lane bytea primary key,
    failures int not null,
    locked_until timestamptz,
    expires_at timestamptz not null
);
create index sign_in_attempts_expiry on sign_in_attempts (expires_at);
alter table users drop column failures, drop column locked_until;
