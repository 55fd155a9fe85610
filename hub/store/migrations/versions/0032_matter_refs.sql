-- The graph names a matter by its number as text.
create index matters_ref on matters ((id::text));
