-- The persisted state of the simulated estate. Times are ISO texts in UTC; exact money is text.
create table meta (key text primary key, value text not null);
create table workload (
    workload integer primary key, account_index integer, team text, env text, app text, pattern text,
    yearly_growth real, swing real, launched_on text, cloud text, account text, account_name text,
    billing_account text, feed text, currency text, region text, env_account text, weight real
);
create table resource (
    resource_id text primary key, account_index integer, workload integer, zone text, kind text, name text,
    created_at text, tags text, agent integer, config text, deleted_at text, units real, usage real, growth real,
    commitment_id text, demand_vcpus real, base_cpu real, vcpus real, memory_gib real, memory_used_gib real,
    net_peak real, net_base real, ops_peak real, ops_base real, connections real
);
-- How a resource looks from one moment to the next; ends_at is null for how it looks now.
create table span (
    resource_id text not null, state text, sku text, size_gib real, attached_to text,
    starts_at text not null, ends_at text, schedule text
);
create index span_of on span (resource_id, starts_at);
create index span_on on span (attached_to) where ends_at is null;
create table commitment (
    commitment_id text primary key, name text, cloud text, feed text, billing_account text, account text,
    kind text, region text, covers text, quantity real, rate real, hourly_cost text, currency text,
    starts_at text, ends_at text
);
create table effect (
    anomaly integer, resource_id text, meter text, starts_on text, ends_on text, ramp_days integer,
    quantity_factor real, price_factor real, ends_discount integer, drops_tags integer
);
create table invoice (
    cloud text, feed text, billing_account text, invoice_id text, period text, currency text, amount text,
    issued_at text, primary key (feed, billing_account, period, currency)
);
create table quota (account text, region text, vcpus real, primary key (account, region));
-- Every change that was made: a second call with the same id finds its result here.
create table journal (
    change_id text primary key, resource_id text, verb text, made text, at text, before text
);
-- How a resource looked when a snapshot of it was taken through the API: what a restore brings back.
create table backup (snapshot_id text primary key, resource_id text, at text, look text);
