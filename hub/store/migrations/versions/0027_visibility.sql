-- Who may see a system's records, as its connector declares: null where it declares nobody.
alter table systems add column visible_to text;
