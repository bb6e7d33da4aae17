-- title: Move snapshots from premium to standard storage
-- kind: snapshot
-- verb: resize
-- risk: R2
-- param share: 0.6
-- blind: Whether restoring has to be as fast as from a premium disk; the tag instance-select/ignore says so.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Azure only; other clouds have no such choice. Azure Advisor: snapshots keep their state on standard storage for 60 %
-- less (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations); microsoft/finops-toolkit
-- lists the same. Nothing restarts, but the gate counts any change of size or type as R2, and no cloud offers it there
-- yet, so a plan with it is refused: it is made by hand. Data: the snapshot's sku.
select
    snapshot.source,
    snapshot.cloud,
    snapshot.account,
    snapshot.region,
    snapshot.resource_id,
    snapshot.sku as before,
    'Standard_LRS' as after,
    rate.currency,
    (rate.cost_month * $share * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    (rate.cost_month * $share)::decimal(38, 18) as saving_month_high,
    format('kept on {}', coalesce(snapshot.sku, 'storage of an unknown type'))
    || costs(rate.cost_month, rate.currency) as reason,
    if(snapshot.sku is null, 'on which storage it is', null) as missing
from marts.resource_now as snapshot
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    snapshot.kind = 'snapshot'
    and snapshot.cloud = 'azure'
    and coalesce(snapshot.sku like 'Premium%', true)
