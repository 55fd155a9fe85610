-- How many matters of a pair agreed at the end of a day in Jakarta, and on how many of them a field differed; `field` is
-- empty for the whole pair, of which `open` are the matters that did not agree. Today's row is the present state.
create table agreement_days (
    day date not null,
    pair text not null,
    field text not null,
    matters int not null,
    open int not null,
    primary key (day, pair, field)
);
