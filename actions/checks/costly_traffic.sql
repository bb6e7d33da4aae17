-- title: Keep what talks to each other in one zone or region
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- param most_share: 0.05
-- param least_month: 100.0
-- blind: Who talks to whom: that takes flow logs, which are not read. What is spread over zones to survive one.
-- evidence: select coalesce(focus.ChargeDescription, focus.SkuMeter) as traffic, focus.RegionId,
-- evidence: sum(focus.PricingQuantity) as quantity, focus.PricingUnit, sum(focus.EffectiveCost) as cost,
-- evidence: focus.BillingCurrency from raw.focus as focus join marts.sub_account_billed_until as complete on
-- evidence: focus.x_cloud = complete.cloud and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') =
-- evidence: complete.account where focus.x_cloud = {cloud} and complete.account = {resource_id} and
-- evidence: focus.ChargeCategory = 'Usage' and focus.ChargePeriodStart < complete.until and focus.ChargePeriodStart >=
-- evidence: complete.until - interval 30 day and regexp_matches(concat_ws(' ', focus.ChargeDescription,
-- evidence: focus.SkuMeter), 'regional data transfer|datatransfer-regional|inter[- ]?(zone|az|region)' ||
-- evidence: '|-aws-(in|out)-bytes|data transfer (to|from) (us|eu|ap|asia|europe|canada|south america|africa|middle
-- evidence: east)', 'i') group by all order by cost desc
--
-- One row per account that in 30 days paid more than 5 % of its cost, or 100, for traffic between zones or regions: the
-- limits of catalogue NET-17. On bills that is AWS's regional and inter-region data transfer
-- (https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer), Google Cloud's inter zone and inter region, and
-- Azure's inter-region bandwidth. Which machines talk needs flow logs; the largest line is where to begin.
with line as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId) as account,
        focus.BillingCurrency as currency,
        min(focus.x_source) as source,
        if(
            regexp_matches(
                concat_ws(' ', focus.ChargeDescription, focus.SkuMeter),
                'regional data transfer|datatransfer-regional|inter[- ]?(zone|az|region)|-aws-(in|out)-bytes'
                || '|data transfer (to|from) (us|eu|ap|asia|europe|canada|south america|africa|middle east)',
                'i'
            ),
            coalesce(focus.ChargeDescription, focus.SkuMeter),
            null
        ) as traffic,
        sum(focus.EffectiveCost)::double as cost
    from raw.focus as focus
    join marts.sub_account_billed_until as complete
        on
            focus.x_cloud = complete.cloud
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargePeriodStart >= complete.until - to_days($days::integer)
        and focus.ChargePeriodStart < complete.until
    group by all
),

account as (
    select
        min(line.source) as source,
        line.cloud,
        line.account,
        line.currency,
        sum(line.cost) as cost,
        sum(line.cost) filter (where line.traffic is not null) as traffic_cost,
        arg_max(line.traffic, (coalesce(line.cost, 0), line.traffic)) filter (where line.traffic is not null) as largest
    from line
    group by all
)

select
    account.source,
    account.cloud,
    account.account,
    'global' as region,
    account.account as resource_id,
    format('{:.2f} {} in {} days', account.traffic_cost, account.currency, $days) as before,
    'less between zones and regions' as after,
    format(
        'traffic between zones and regions cost {:.2f} of {:.2f} {} in {} days, most of it: {}', account.traffic_cost,
        account.cost, account.currency, $days, account.largest
    ) as reason
from account
where
    account.account is not null
    and account.traffic_cost >= least($least_month, greatest(account.cost * $most_share, 1))
