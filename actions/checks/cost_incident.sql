-- title: Look into cost that nothing explains
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 7
-- param severity: ^(critical|high|medium)$
-- blind: What the bill of the last days does not tell yet.
-- evidence: select incident.id, series.service, incident.scope, series.starts_on, series.ends_on, incident.severity,
-- evidence: series.actual, series.expected, series.impact, series.currency, incident.reason
-- evidence: from models.anomaly as incident join models.anomaly_member as series using (id)
-- evidence: where series.cloud = {cloud} and series.account = {resource_id} order by series.starts_on desc
--
-- One row per account with cost incidents of at least medium severity that go on, or ended within 7 days, cost more
-- than expected, that no known change explains, and that nobody dismissed or expects. Of an incident in several
-- accounts, each is told what it cost there. Catalogue OPS-06; how they are found, and against which methods that was
-- measured, is in docs/incidents.md (the idea of hystax/optscale's expense anomalies,
-- https://github.com/hystax/optscale, is a mean and a percentage). The costliest of them in each currency is told.
with part as (
    select
        anomaly.id,
        series.cloud,
        series.account,
        series.currency,
        anomaly.severity,
        min(series.starts_on) as starts_on,
        sum(series.impact) as impact,
        string_agg(series.service, ', ' order by series.impact desc, series.service asc) as services
    from models.anomaly as anomaly
    join models.anomaly_member as series using (id)
    where
        anomaly.direction = 'up'
        and not coalesce(anomaly.is_expected, false)
        and not list_contains(getvariable('settled'), anomaly.id)
        and regexp_matches(anomaly.severity, $severity)
        and coalesce(anomaly.ends_on > getvariable('as_of')::date - $days::integer, true)
    group by all
),

incident as (
    select
        part.*,
        count(*) over (partition by part.cloud, part.account) as incidents
    from part
    qualify row_number() over (
        partition by part.cloud, part.account, part.currency order by part.impact desc, part.id asc
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
            '{} cost {:.2f} {} more than expected since {} ({})', incident.services, incident.impact, incident.currency,
            incident.starts_on, incident.severity
        ), '; '
        order by incident.currency
    )
    || if(max(incident.incidents) > count(*), format('; {} incidents in all', max(incident.incidents)), '') as reason
from incident
group by incident.cloud, incident.account
