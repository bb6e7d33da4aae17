-- One row per member and commitment that began or ended when the incident did, and covers or covered the series.
with event as (
    select
        commitment.cloud,
        commitment.commitment_id,
        'ended' as what,
        commitment.ends_at::date as on_day
    from raw.commitment as commitment

    union

    select
        commitment.cloud,
        commitment.commitment_id,
        'began' as what,
        commitment.starts_at::date as on_day
    from raw.commitment as commitment
),

covered as (
    select distinct
        member.id,
        member.cloud,
        member.starts_on,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id
    from member
    join raw.focus as focus
        on
            member.cloud = focus.x_cloud
            and member.account = coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
            and member.service = coalesce(focus.ServiceName, '(unknown)')
            and member.currency = focus.BillingCurrency
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where
        focus.CommitmentDiscountId is not null
        and focus.ChargePeriodStart >= member.starts_on - interval 28 day
        and focus.ChargePeriodStart < member.known_until
)

select distinct
    covered.id,
    event.commitment_id,
    event.what,
    event.on_day
from covered
join event
    on
        covered.cloud = event.cloud
        and covered.commitment_id = event.commitment_id
        and event.on_day between covered.starts_on - 2 and covered.starts_on + 1
order by all
