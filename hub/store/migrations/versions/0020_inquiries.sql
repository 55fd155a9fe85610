-- What a system called about in a form that proves too little: the hub asks it, and stores what it then says.
create table inquiries (
    system text not null,
    reference text not null,
    told_at timestamptz not null default now(),
    asked_at timestamptz,
    due_at timestamptz,
    attempts integer not null default 0,
    trouble text,
    primary key (system, reference)
);
create index inquiries_due on inquiries (due_at) where due_at is not null;
