-- title: Move burstable machines that buy credits to a fixed size that costs less
-- kind: instance
-- verb: resize
-- risk: R5
-- param days: 14
-- blind: Whether the credits were bought in one exceptional hour of the 14 days.
-- evidence: select meter.unit, meter.meter, meter.description, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.sku, resource.state, resource.age_days, resource.config, resource.tags from marts.resource_now as
-- evidence: resource left join marts.resource_meter_rate as meter using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.resource_id = {resource_id}
--
-- AWS bills what an unlimited burstable machine uses above its baseline as CPU credits
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html).
-- From catalogue CMP-27: where those of 14 days cost more than a fixed size of the same vCPUs, memory and architecture
-- would, of the current generation, the machine is better off there. Prices: marts.price; what the machine's hours cost
-- now is taken from its bill, so a discount holds for both. Azure and Google Cloud sell no surplus credits. R5: another
-- family is tried first. Data: size of the inventory, credits of the bill.
with billed as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) filter (where is_credit) as credits_month,
        sum(rate.cost_month) filter (where rate.part = 'hours' and not is_credit) as hours_month,
        sum(rate.cost_month::double * coalesce(rate.commitment_share, 0)) filter (
            where rate.part = 'hours' and not is_credit
        ) as committed_month
    from (
        select
            meter.*,
            regexp_matches(concat_ws(' ', meter.meter, meter.description), 'cpu ?credit', 'i') as is_credit
        from marts.resource_meter_rate as meter
        where meter.cloud = 'aws'
    ) as rate
    group by all
    having credits_month > 0 and hours_month > 0
),

subject as materialized (
    select
        machine.*,
        coalesce(json_extract_string(machine.config, '$.os'), 'linux') as os,
        billed.* exclude (cloud, resource_id)
    from marts.resource_now as machine
    join billed on machine.cloud = billed.cloud and machine.resource_id = billed.resource_id
    where machine.kind = 'instance' and machine.state = 'running'
),

-- Materialized, as is what follows: every size beside every price would be tens of millions of rows.
price as materialized (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.os,
        price.currency,
        min(price.price_hour)::double as price_hour
    from marts.price as price
    where
        price.price_type = 'on_demand'
        and price.price_hour > 0
        and price.cloud = 'aws'
        and price.region in (select subject.region from subject)
    group by all
),

alike as materialized (
    select
        subject.source,
        subject.cloud,
        subject.account,
        subject.region,
        subject.resource_id,
        subject.os,
        subject.currency,
        subject.sku as sku_now,
        offer.instance_type as sku
    from subject
    join marts.offer as offer
        on
            subject.cloud = offer.cloud
            and subject.arch = offer.arch
            and subject.vcpus = offer.vcpus
            and subject.memory_gib <= offer.memory_gib
            and not coalesce(offer.burstable, true)
            and offer.current_generation
            and coalesce(offer.gpu_count, 0) = 0
            and not coalesce(offer.bare_metal, false)
),

fixed as (
    select
        alike.source,
        alike.cloud,
        alike.account,
        alike.resource_id,
        alike.sku,
        price.price_hour / price_now.price_hour as price_ratio
    from alike
    join price as price_now
        on
            alike.cloud = price_now.cloud
            and alike.region = price_now.region
            and alike.sku_now = price_now.sku
            and alike.os = price_now.os
            and alike.currency = price_now.currency
    join price
        on
            alike.cloud = price.cloud
            and alike.region = price.region
            and alike.sku = price.sku
            and alike.os = price.os
            and alike.currency = price.currency
    qualify row_number() over (
        partition by alike.source, alike.cloud, alike.account, alike.resource_id
        order by price.price_hour asc, alike.sku asc
    ) = 1
)

select
    subject.source,
    subject.cloud,
    subject.account,
    subject.region,
    subject.resource_id,
    subject.sku as before,
    coalesce(fixed.sku, 'a fixed size') as after,
    subject.currency,
    -- What a commitment pays of the hours goes on, and the fixed size is paid besides.
    greatest(
        subject.credits_month::double + subject.hours_month::double - coalesce(subject.committed_month, 0)
        - subject.hours_month::double * fixed.price_ratio,
        0
    )::decimal(38, 18) as saving_month_low,
    (subject.credits_month::double - subject.hours_month::double * (fixed.price_ratio - 1))::decimal(38, 18)
        as saving_month_high,
    format(
        'bought CPU credits for {:.2f} {} a month beside {:.2f} for its hours', subject.credits_month::double,
        subject.currency, subject.hours_month::double
    )
    || coalesce(format('; {} costs {:.0f} % of its price', fixed.sku, 100 * fixed.price_ratio), '') as reason,
    case
        when subject.vcpus is null then 'how many vCPUs ' || coalesce(subject.sku, 'it') || ' has'
        when fixed.sku is null then format('the price of a fixed size in {}', subject.region)
        when subject.age_days < $days then format('{} days of life, it has {:.1f}', $days, subject.age_days)
    end as missing
from subject
left join fixed using (source, cloud, account, resource_id)
where fixed.sku is null or subject.credits_month > subject.hours_month * (fixed.price_ratio - 1)
