-- One row per detected anomaly, with the resource that explains most of it and the query that shows the rows.
with anomaly as (
    select
        detected.*,
        coalesce(detected.ends_on, getvariable('until')::date) as known_until
    from detected
),

billed as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        focus.ResourceId as resource_id,
        focus.ChargePeriodStart::date as day,
        sum(focus.EffectiveCost)::double as cost
    from raw.focus as focus
    where focus.ChargeCategory = 'Usage' and focus.ResourceId is not null
    group by all
    having (cloud, account, service, currency) in (
        select (series.cloud, series.account, series.service, series.currency)
        from anomaly as series
    )
),

-- What each resource cost in the abnormal days beyond its daily average of the four weeks before.
excess as (
    select
        anomaly.id,
        any_value(anomaly.impact) as impact,
        billed.resource_id,
        coalesce(sum(billed.cost) filter (where billed.day >= anomaly.starts_on), 0)
        - coalesce(sum(billed.cost) filter (where billed.day < anomaly.starts_on), 0)
        * any_value(anomaly.known_until - anomaly.starts_on) / 28 as cost
    from anomaly
    join billed using (cloud, account, service, currency)
    where billed.day >= anomaly.starts_on - interval 28 day and billed.day < anomaly.known_until
    group by
        anomaly.id,
        billed.resource_id
),

main as (
    select
        excess.id,
        excess.resource_id,
        excess.cost / nullif(excess.impact, 0) as share
    from excess
    qualify row_number() over (partition by excess.id order by share desc, excess.resource_id asc) = 1
)

select
    anomaly.* exclude (known_until) replace (
        coalesce(anomaly.resource_id, if(main.share >= 0.5, main.resource_id, null)) as resource_id,
        coalesce(anomaly.resource_share, if(main.share >= 0.5, least(main.share, 1), null)) as resource_share,
        coalesce(
            anomaly.evidence,
            format(
                'select ChargePeriodStart::date as day, ResourceId, sum(EffectiveCost) as effective_cost, '
                || 'count(*) as lines from raw.focus where x_cloud = ''{}'' '
                || 'and coalesce(SubAccountId, BillingAccountId) = ''{}'' and ServiceName = ''{}'' '
                || 'and BillingCurrency = ''{}'' and ChargeCategory = ''Usage'' '
                || 'and ChargePeriodStart >= date ''{}'' - interval 28 day and ChargePeriodStart < date ''{}'' '
                || 'group by all order by day desc, effective_cost desc',
                anomaly.cloud,
                replace(anomaly.account, '''', ''''''),
                replace(anomaly.service, '''', ''''''),
                anomaly.currency,
                anomaly.starts_on,
                anomaly.known_until
            )
        ) as evidence
    )
from anomaly
left join main using (id)
