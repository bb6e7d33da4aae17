-- title: Look into cost that nothing explains
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 7
-- param severity: ^(critical|high|medium)$
-- blind: What the bill of the last days does not tell yet.
-- evidence: select incident.id, incident.service, incident.scope, incident.starts_on, incident.ends_on,
-- evidence: incident.severity, incident.actual, incident.expected, incident.impact, incident.currency, incident.reason
-- evidence: from models.anomaly as incident where incident.cloud = {cloud} and incident.account = {resource_id} order
-- evidence: by incident.starts_on desc
--
-- One row per account with cost incidents of at least medium severity that go on, or ended within 7 days, cost more
-- than expected, and that no known change explains. Catalogue OPS-06; how they are found, and against which methods
-- that was measured, is in docs/incidents.md (the idea of hystax/optscale's expense anomalies,
-- https://github.com/hystax/optscale, is a mean and a percentage). The costliest of them in each currency is told.
with incident as (
    select
        anomaly.*,
        count(*) over (partition by anomaly.cloud, anomaly.account) as incidents
    from models.anomaly as anomaly
    where
        anomaly.direction = 'up'
        and not coalesce(anomaly.is_expected, false)
        and regexp_matches(anomaly.severity, $severity)
        and coalesce(anomaly.ends_on > getvariable('as_of')::date - $days::integer, true)
    qualify row_number() over (
        partition by anomaly.cloud, anomaly.account, anomaly.currency order by anomaly.impact desc, anomaly.id asc
    ) = 1
)

select
    incident.cloud as source,
    incident.cloud,
    incident.account,
    'global' as region,
    incident.account as resource_id,
    format('{} unexplained incidents', max(incident.incidents)) as before,
    'explained or ended' as after,
    string_agg(
        format(
            '{} cost {:.2f} {} more than expected since {} ({})', incident.service, incident.impact, incident.currency,
            incident.starts_on, incident.severity
        ), '; '
        order by incident.currency
    )
    || if(max(incident.incidents) > count(*), format('; {} incidents in all', max(incident.incidents)), '') as reason
from incident
group by incident.cloud, incident.account
