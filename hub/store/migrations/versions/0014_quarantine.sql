-- Of an item that cannot be read the declared columns are kept, and what people wrote is encrypted in `sealed`. What was
-- stored before is not `declared`: `hub migrate` reduces it, as the connectors say which columns those are.
alter table quarantine add column sealed bytea;
alter table quarantine add column declared boolean not null default false;
create index quarantine_undeclared on quarantine (id) where not declared;

-- Reasons no longer repeat a value as it was told.
update quarantine set reason = regexp_replace(reason, ' is unknown: .*$', ' is unknown') where reason like '% is unknown: %';
update push_batches set fates = (
    select jsonb_agg(
        case when fate ->> 3 like '% is unknown: %'
             then jsonb_set(fate, '{3}', to_jsonb(regexp_replace(fate ->> 3, ' is unknown: .*$', ' is unknown')))
             else fate end
        order by place)
    from jsonb_array_elements(fates) with ordinality as each (fate, place))
where fates::text like '% is unknown: %';
