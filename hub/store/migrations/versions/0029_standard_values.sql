-- Values of enums that got a standard name. Described in docs/renamed-names.md.
alter table complaint_steps disable trigger user;
alter table audit_events disable trigger user;

update deliveries set state = case state when 'HELD' then 'BLOCKED' else 'OUTCOME_UNKNOWN' end
where state in ('HELD', 'UNKNOWN');

update delivery_attempts set outcome = case outcome when 'UNCLEAR' then 'NO_RESPONSE' else 'NOT_SENDABLE' end
where outcome in ('UNCLEAR', 'UNFIT');

-- The fields keep the order in which they were declared.
update systems set shared = (
    select jsonb_agg(
        case each ->> 'authority'
            when 'SYSTEM' then each || '{"authority": "REMOTE"}'
            when 'HUB' then each || '{"authority": "LOCAL"}'
            when 'BOTH' then each || '{"authority": "MANUAL"}'
            else each
        end order by place)
    from jsonb_array_elements(shared) with ordinality as declared(each, place))
where shared @? '$[*].authority ? (@ == "SYSTEM" || @ == "HUB" || @ == "BOTH")';

update system_issues set code = case code
    when 'CLOCK' then 'CLOCK_SKEW'
    when 'FUTURE_TIMES' then 'FUTURE_TIMESTAMPS'
    when 'CONTRACT_BROKEN' then 'CONTRACT_VIOLATION'
    else 'MANY_MISSING' end
where code in ('CLOCK', 'FUTURE_TIMES', 'CONTRACT_BROKEN', 'MANY_ABSENT');

update complaint_steps set action = case action when 'ADOPT' then 'ACCEPT_REMOTE' else 'KEEP_LOCAL' end
where action in ('ADOPT', 'KEEP');

update audit_events set details = details - 'keep' || jsonb_build_object(
    'resolution', case details ->> 'keep' when 'OURS' then 'KEEP_LOCAL' else 'ACCEPT_REMOTE' end)
where action = 'conflicts:resolve' and details ->> 'keep' in ('OURS', 'THEIRS');

alter table complaint_steps enable trigger user;
alter table audit_events enable trigger user;
