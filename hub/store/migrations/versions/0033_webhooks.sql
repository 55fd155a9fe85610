-- A webhook: an endpoint of a client that the hub calls for each change of the feed that the client may see. `cursor` is
-- the position in the feed up to which changes have become deliveries. After `failures` in a row nothing is sent before
-- `retry_at`; `next_at` is when the rate allows the next call.
create table webhooks (
    id text primary key,
    client text not null references clients (id) on delete cascade,
    url text not null,
    kinds text[],
    systems text[],
    content text not null check (content in ('THIN', 'FULL')),
    format text not null check (format in ('STANDARD', 'CLOUDEVENTS')),
    per_minute int not null,
    sealed bytea not null,
    public_key text,
    state text not null check (state in ('UNVERIFIED', 'ACTIVE', 'PAUSED', 'DISABLED')),
    reason text check (reason in ('GONE', 'FAILING', 'NO_CONSENT')),
    cursor text not null,
    failures int not null default 0,
    failing_since timestamptz,
    warned_at timestamptz,
    retry_at timestamptz not null,
    next_at timestamptz not null,
    verified_at timestamptz,
    error text,
    created_at timestamptz not null,
    check ((state = 'DISABLED') = (reason is not null))
);
create index webhooks_client on webhooks (client, created_at);

-- A message to a webhook about one change of the feed, or about a gap in it. `id` is the same at every attempt, `number`
-- is the order. A message that could not be delivered within its time since `since` is a dead letter.
create table webhook_deliveries (
    id text primary key default 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    number bigint generated always as identity,
    webhook_id text not null references webhooks (id) on delete cascade,
    system text not null,
    position bigint not null,
    kind text not null,
    subject text not null,
    cursor text not null,
    gap jsonb,
    state text not null default 'WAITING' check (state in ('WAITING', 'SENDING', 'DONE', 'DEAD', 'WITHDRAWN')),
    attempts int not null default 0,
    since timestamptz not null,
    due_at timestamptz not null,
    settled_at timestamptz,
    error text,
    created_at timestamptz not null,
    unique (webhook_id, system, position, kind)
);
create unique index webhook_deliveries_number on webhook_deliveries (webhook_id, number);
create index webhook_deliveries_open on webhook_deliveries (webhook_id, system, kind, subject, number)
    where state in ('WAITING', 'SENDING');
create index webhook_deliveries_dead on webhook_deliveries (webhook_id, number) where state = 'DEAD';
create index webhook_deliveries_settled on webhook_deliveries (settled_at) where settled_at is not null;

-- Each call of an endpoint: the HTTP status of its response, or what went wrong instead.
create table webhook_attempts (
    id bigint generated always as identity primary key,
    delivery_id text not null references webhook_deliveries (id) on delete cascade,
    at timestamptz not null,
    status int,
    error text,
    milliseconds int not null
);
create index webhook_attempts_delivery on webhook_attempts (delivery_id, id);
