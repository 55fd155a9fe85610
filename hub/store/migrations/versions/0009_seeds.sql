-- What a complaint's tracking code is derived from: random, so that no crash and no backup gives it to the next one.
-- Complaints there are keep the codes their reporters have, which are derived from the id: no seed stands for that.
alter table complaints add column code_seed uuid;
alter table complaints alter column code_seed set default gen_random_uuid();

create or replace function complaint_facts(c complaints) returns jsonb language sql immutable as $$
    select to_jsonb(c) - array['id', 'title', 'text', 'latitude', 'longitude', 'reporter_id', 'citizen_id',
                               'attachments', 'updated_at', 'code_seed']
$$;
