-- $1 codes
select code, name, head_name, head_phone from agencies where code = any(cast($1 as text[]))
