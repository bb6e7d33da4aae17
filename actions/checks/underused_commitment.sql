-- title: Use, exchange or sell commitments that lie idle
-- kind: commitment
-- verb: configure
-- risk: R5
-- param days: 14
-- param unused_share: 0.05
-- harm: What is exchanged or sold covers nothing any more, should the use come back.
-- undo: It can't be undone: a new commitment has to be bought at the price of that day.
-- blind: Whether its terms let it be exchanged, scoped anew or sold, and use that comes back with a season.
-- evidence: select use.month, use.currency, use.committed_cost, use.used_cost, use.unused_cost, use.utilisation
-- evidence: from marts.commitment_use as use
-- evidence: where use.cloud = {cloud} and use.commitment_id = {resource_id} order by use.month
--
-- More than 5 % unused over 14 days: our rule, from catalogue COM-04. What is unused is what the bill says in FOCUS's
-- CommitmentDiscountStatus (https://focus.finops.org/focus-specification/), which AWS's and Azure's FOCUS exports
-- fill. AWS's older reports bill the rest as a fee of the month, which is not judged here; Google Cloud bills a
-- commitment's fee apart from its use, so nothing there is judged, nor a commitment that no bill names. The high end
-- is what is paid for nothing; the low end is zero, as whether it can be exchanged, scoped anew or sold depends on its
-- terms, which are not read. R5: the gate makes no contracts.
with complete as (
    select
        freshness.cloud,
        max(freshness.until)::date as until
    from marts.freshness as freshness
    where freshness.what = 'bills'
    group by all
),

line as (
    select
        focus.x_cloud as cloud,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.BillingCurrency as currency,
        min(focus.x_source) as source,
        min(coalesce(focus.SubAccountId, focus.BillingAccountId)) as account,
        count(distinct focus.ChargePeriodStart::date) as days,
        sum(focus.EffectiveCost) as committed,
        coalesce(sum(focus.EffectiveCost) filter (where focus.CommitmentDiscountStatus = 'Unused'), 0) as unused
    from raw.focus as focus
    join complete on focus.x_cloud = complete.cloud
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where
        focus.CommitmentDiscountId is not null
        and focus.ChargeCategory = 'Usage'
        and focus.ChargePeriodStart >= complete.until - to_days($days::integer)
        and focus.ChargePeriodStart < complete.until
    group by all
)

select
    coalesce(owned.source, line.source) as source,
    line.cloud,
    coalesce(owned.account, line.account) as account,
    coalesce(owned.region, 'global') as region,
    line.commitment_id as resource_id,
    format('{:.0f} % used', 100 * (1 - line.unused::double / line.committed::double)) as before,
    'all of it used' as after,
    line.currency,
    0::decimal(38, 18) as saving_month_low,
    (line.unused::double / line.days * 30.4375)::decimal(38, 18) as saving_month_high,
    format(
        'in {} days {:.2f} of {:.2f} {} were paid for nothing', line.days, line.unused::double,
        line.committed::double, line.currency
    )
    || coalesce(', ends on ' || strftime(owned.ends_at, '%Y-%m-%d'), '') as reason,
    if(line.days < $days, format('bills of {} days, there are {}', $days, line.days), null) as missing
from line
left join raw.commitment as owned on line.cloud = owned.cloud and line.commitment_id = owned.commitment_id
where line.unused > line.committed * $unused_share and coalesce(owned.ends_at > getvariable('as_of'), true)
