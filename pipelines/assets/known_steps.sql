-- One row per series and commitment that is in force: when it ends, and what a day costs more without it, as usage is now.
-- Covered usage goes back to its contracted price, or to the list price where the bill has no other; a zero there is no
-- price (Azure states it for reservations). What was paid for nothing falls away, whatever category the bill gives it.
-- Where most of what is covered has no price, there is no step.
with ending as (
    select
        commitment.cloud,
        commitment.commitment_id,
        max(commitment.ends_at) as ends_at
    from raw.commitment as commitment
    group by all
    having max(commitment.ends_at) >= getvariable('until')::date
),

line as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.ChargePeriodStart::date as first_day,
        greatest((focus.ChargePeriodEnd - interval 1 microsecond)::date + 1, first_day + 1) as end_day,
        focus.ChargeCategory as category,
        coalesce(lower(focus.CommitmentDiscountStatus) = 'unused', false) as is_unused,
        coalesce(nullif(focus.ContractedCost, 0), nullif(focus.ListCost, 0)) as price,
        focus.EffectiveCost as cost
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where
        focus.BillingCurrency is not null
        and focus.ChargeCategory in ('Usage', 'Purchase')
        and focus.ChargePeriodStart < getvariable('until')::date
        and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) >= getvariable('until')::date - 28
),

-- Bills that are late or began lately hold fewer days than 28.
delivered as (
    select
        line.cloud,
        line.account,
        line.currency,
        count(distinct line.first_day) as days
    from line
    where line.category = 'Usage' and line.first_day >= getvariable('until')::date - 28
    group by all
),

-- A line of a month counts with the days of it that are looked at.
looked_at as (
    select
        line.*,
        (
            least(line.end_day, getvariable('until')::date)
            - greatest(line.first_day, getvariable('until')::date - 28)
        )::double / (line.end_day - line.first_day) as share
    from line
    where line.is_unused or line.category = 'Usage'
)

select
    ending.cloud,
    part.account,
    part.service,
    part.currency,
    ending.commitment_id,
    ending.ends_at,
    sum(
        part.share * case
            when part.is_unused then -part.cost
            else coalesce(part.price - part.cost, 0)
        end
    )::double / max(delivered.days) as daily
from ending
join looked_at as part using (cloud, commitment_id)
join delivered
    on
        part.cloud = delivered.cloud
        and part.account = delivered.account
        and part.currency = delivered.currency
where part.share > 0
group by
    ending.cloud,
    part.account,
    part.service,
    part.currency,
    ending.commitment_id,
    ending.ends_at
having
    daily <> 0
    and coalesce(sum(part.cost) filter (where not part.is_unused and part.price is not null), 0)
    >= 0.8 * coalesce(sum(part.cost) filter (where not part.is_unused), 0)
order by all
