-- title: Keep one audit trail instead of several of the same events
-- kind: audit_trail
-- verb: review
-- risk: R0
-- about: governance
-- blind: Why a second one is kept, such as for another company, and trails of an organisation that other accounts own.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Another trail copies the management events of the same region: turbot's thrifty mods
-- (cloudtrail_trail_redundant_regional_trail, https://hub.steampipe.io/mods/turbot/aws_thrifty). The first copy of them
-- is free, each further one costs 2.00 USD for 100,000 events (https://aws.amazon.com/cloudtrail/pricing/), which the bill
-- does not tell by trail, so no saving is claimed. Of several the one of the organisation stays, then the one of all
-- regions, then the first by name.
with trail as (
    select
        audit.*,
        coalesce(json_extract_string(audit.config, '$.organisation') = 'true', false) as is_of_all_accounts,
        coalesce(json_extract_string(audit.config, '$.all_regions') = 'true', false) as is_of_all_regions
    from marts.resource_now as audit
    where audit.kind = 'audit_trail' and json_extract_string(audit.config, '$.management') = 'true'
),

covered as (
    select
        trail.*,
        (
            select min(other.name)
            from trail as other
            where
                trail.source = other.source
                and trail.cloud = other.cloud
                and trail.account = other.account
                and trail.resource_id <> other.resource_id
                and (other.is_of_all_regions or (not trail.is_of_all_regions and trail.region = other.region))
                and (
                    (other.is_of_all_accounts and not trail.is_of_all_accounts)
                    or (
                        other.is_of_all_accounts = trail.is_of_all_accounts
                        and (
                            (other.is_of_all_regions and not trail.is_of_all_regions)
                            or (
                                other.is_of_all_regions = trail.is_of_all_regions
                                and (other.name, other.resource_id) < (trail.name, trail.resource_id)
                            )
                        )
                    )
                )
        ) as stays
    from trail
)

select
    covered.source,
    covered.cloud,
    covered.account,
    covered.region,
    covered.resource_id,
    covered.state as before,
    'absent' as after,
    'copies the management events that ' || covered.stays || ' copies as well' as reason
from covered
where covered.stays is not null
