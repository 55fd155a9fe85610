-- What was ordered and the shop's note are free text: out of the facts, and out of the history that copied them.
update records
set prose = prose || picked(body, array['description', 'note']), body = body - array['description', 'note']
where kind = 'order' and body ?| array['description', 'note'];

-- The one time the history is rewritten: what is taken out may name a person, and nothing else of it changes.
alter table changes disable trigger changes_stay;
update changes
set before = before - array['description', 'note'], after = after - array['description', 'note']
where kind = 'order'
  and (before ?| array['description', 'note'] or after ?| array['description', 'note']);
alter table changes enable trigger changes_stay;
