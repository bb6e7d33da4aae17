-- title: Look at the standard network tier where much is sent to the internet
-- kind: instance
-- verb: review
-- risk: R0
-- about: capacity
-- param month: 100.0
-- blind: Who is served from where, global load balancers, which need the premium tier, and their own traffic.
-- evidence: select focus.ChargeDescription, sum(focus.PricingQuantity) as quantity, focus.PricingUnit,
-- evidence: sum(focus.EffectiveCost) as cost, focus.BillingCurrency from raw.focus as focus join
-- evidence: marts.sub_account_billed_until as complete on focus.x_cloud = complete.cloud and
-- evidence: coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account left join
-- evidence: marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
-- evidence: where focus.x_cloud = {cloud} and coalesce(billed.resource_id, focus.ResourceId) = {resource_id} and
-- evidence: focus.ChargeCategory = 'Usage' and focus.ChargePeriodStart >= complete.until - interval 14 day and
-- evidence: focus.ChargePeriodStart < complete.until and regexp_matches(focus.ChargeDescription, 'network internet
-- evidence: (egress|data transfer out)', 'i') and not regexp_matches(focus.ChargeDescription, 'standard tier', 'i')
-- evidence: group by all order by cost desc
--
-- More than 100 a month, in the currency of the bill: our rule, from catalogue NET-20. The standard tier costs less
-- and takes the open internet instead of Google's network (https://cloud.google.com/network-tiers/docs/overview):
-- worth it where those who are served are near the region. Where they are, and which part of a volume price is
-- reached, nothing here says, so no saving is claimed. From the lines of the last 14 days that are billed completely,
-- which name the machine in a detailed export only.
with sent as (
    select
        coalesce(billed.resource_id, focus.ResourceId) as resource_id,
        focus.BillingCurrency as currency,
        sum(focus.EffectiveCost)::double / 14 * 30.4375 as cost_month
    from raw.focus as focus
    join marts.sub_account_billed_until as complete
        on
            focus.x_cloud = complete.cloud
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    where
        focus.x_cloud = 'gcp'
        and focus.ChargeCategory = 'Usage'
        and focus.ChargePeriodStart >= complete.until - interval 14 day
        and focus.ChargePeriodStart < complete.until
        and regexp_matches(focus.ChargeDescription, 'network internet (egress|data transfer out)', 'i')
        and not regexp_matches(focus.ChargeDescription, 'standard tier', 'i')
    group by all
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    'premium tier' as before,
    'standard tier' as after,
    format('sends to the internet by the premium tier for {:.2f} {} a month', sent.cost_month, sent.currency) as reason,
    null::varchar as missing
from marts.resource_now as machine
join sent using (resource_id)
where
    machine.kind = 'instance'
    and machine.cloud = 'gcp'
    and sent.cost_month > $month
