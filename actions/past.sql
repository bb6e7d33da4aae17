-- What was known at getvariable('as_of') of all that is known, which lies in past.whole.
-- A resource is known since it was first read, or since the cloud says that it has been as it was then.
create or replace view past.whole.known as
with look as (
    select
        resource.*,
        row_number() over (
            partition by resource.source, resource.cloud, resource.account, resource.resource_id, resource.kind
            order by resource.valid_from
        ) as number
    from past.whole.resource as resource
)

select
    look.* exclude (number) replace (
        if(look.number = 1, least(look.valid_from, look.state_since), look.valid_from) as valid_from
    )
from look;

create or replace table past.raw.resource as
select known.* replace (if(known.valid_to > getvariable('as_of'), null, known.valid_to) as valid_to)
from past.whole.known as known
where known.valid_from <= getvariable('as_of');

create or replace view past.raw.metric as
select metric.*
from past.whole.metric as metric
where metric.hour < getvariable('as_of');

create or replace view past.raw.focus as
select focus.*
from past.whole.focus as focus
where focus.ChargePeriodStart < getvariable('as_of');

create or replace table past.raw.read as
select
    scope.* replace (
        least(scope.read_at, getvariable('as_of')) as read_at, least(scope.until, getvariable('as_of')) as until
    )
from past.whole.read as scope;

create or replace table past.raw.commitment as
select commitment.*
from past.whole.commitment as commitment
where coalesce(commitment.starts_at <= getvariable('as_of'), true);

create or replace view past.raw.billing_manifest as from past.whole.billing_manifest;

create or replace view past.raw.offer as from past.whole.offer;

create or replace view past.raw.price as from past.whole.price;
