-- title: Use, exchange or sell commitments that lie idle
-- kind: commitment
-- verb: configure
-- risk: R5
-- param days: 14
-- param unused_share: 0.05
-- param days_left: 30
-- harm: What is exchanged or sold covers nothing any more, should the use come back.
-- undo: It can't be undone: a new commitment has to be bought at the price of that day.
-- blind: Whether its terms let it be exchanged, scoped anew or sold, and use that comes back with a season.
-- evidence: select cost.day, cost.currency, cost.committed_cost, cost.unused_cost from marts.commitment_cost as cost
-- evidence: where cost.cloud = {cloud} and cost.commitment_id = {resource_id} order by cost.day desc limit 31
--
-- More than 5 % unused over 14 days: our rule, from catalogue COM-04. What is unused is what the bill says in FOCUS's
-- CommitmentDiscountStatus (https://focus.finops.org/focus-specification/), which AWS's and Azure's FOCUS exports
-- fill, or AWS's own reports in the fee: of a savings plan the commitment less what was used of it, by the hour or day
-- (https://docs.aws.amazon.com/cur/latest/userguide/savingsplans-columns.html), of a reservation its unused fees, by the
-- month (https://docs.aws.amazon.com/cur/latest/userguide/reservation-columns.html), so that its days are those of the
-- last whole month. Google Cloud bills a commitment's fee apart from its use, so nothing there is judged, nor a
-- commitment that no bill names. The high end is what is paid for nothing; the low end is zero, as whether it can be
-- exchanged, scoped anew or sold depends on its terms, which are not read. One that ends within 30 days is left to
-- expiring_commitment: what is left of it is not worth a contract. R5: the gate makes no contracts.
with used as (
    select
        cost.cloud,
        cost.commitment_id,
        cost.currency,
        min(cost.source) as source,
        min(cost.account) as account,
        coalesce(
            date_diff('day', any_value(month.starts_on), any_value(month.ends_on)),
            count(distinct cost.day)
        ) as days,
        sum(cost.committed_cost) as committed,
        sum(cost.unused_cost) as unused
    from marts.commitment_cost as cost
    join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join marts.commitment_month as month using (cloud, commitment_id, currency)
    where
        (month.cloud is null or month.ends_on is not null)
        and cost.day >= coalesce(month.starts_on, complete.until - to_days($days::integer))
        and cost.day < coalesce(month.ends_on, complete.until)
    group by all
)

select
    coalesce(owned.source, used.source) as source,
    used.cloud,
    coalesce(owned.account, used.account) as account,
    coalesce(owned.region, 'global') as region,
    used.commitment_id as resource_id,
    format('{:.0f} % used', 100 * (1 - used.unused::double / used.committed::double)) as before,
    'all of it used' as after,
    used.currency,
    0::decimal(38, 18) as saving_month_low,
    (used.unused::double / used.days * 30.4375)::decimal(38, 18) as saving_month_high,
    format(
        'in {} days {:.2f} of {:.2f} {} were paid for nothing', used.days, used.unused::double,
        used.committed::double, used.currency
    )
    || coalesce(', ends on ' || strftime(owned.ends_at, '%Y-%m-%d'), '') as reason,
    if(used.days < $days, format('bills of {} days, there are {}', $days, used.days), null) as missing
from used
left join raw.commitment as owned on used.cloud = owned.cloud and used.commitment_id = owned.commitment_id
where
    used.unused > used.committed * $unused_share
    and coalesce(owned.ends_at >= getvariable('as_of') + to_days($days_left::integer), true)
