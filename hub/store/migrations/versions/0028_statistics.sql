-- Only a table's owner may take its statistics anew; the hub may work as a role that owns nothing.
create function count_anew() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    analyze records, record_keys;
end $$;
revoke execute on function count_anew() from public;
