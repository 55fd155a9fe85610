-- Words of complaints, for text search; the expressions are those of hub/store/reading/search.py.
create index complaints_words on complaints
    using gin (to_tsvector('indonesian'::regconfig, title || ' ' || text));
create index complaints_title_words on complaints
    using gin (to_tsvector('indonesian'::regconfig,
                           regexp_replace(title, '\S*[0-9@\uFF10-\uFF19\u0660-\u0669]\S*', ' ', 'g')));
