-- When the tracking code of a complaint was made anew for its reporter: the client that submitted it was not told that one.
alter table complaints add column code_renewed_at timestamptz;

create or replace function complaint_facts(c complaints) returns jsonb language sql immutable as $$
    select to_jsonb(c) - array['id', 'title', 'text', 'latitude', 'longitude', 'reporter_id', 'citizen_id',
                               'attachments', 'updated_at', 'code_seed', 'code_renewed_at']
$$;
