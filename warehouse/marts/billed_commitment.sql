-- One row per cloud and id of a commitment on bills that the inventory writes otherwise: which commitment it is.
-- Azure's bills write the path of a reservation or savings plan in any case, or its last part alone, a UUID.
-- group: commitment
with named as (
    select distinct
        focus.x_cloud as cloud,
        focus.CommitmentDiscountId as id,
        true as is_billed
    from raw.focus as focus
    where focus.CommitmentDiscountId is not null and focus.x_cloud = 'azure'

    union all

    select distinct
        commitment.cloud,
        commitment.commitment_id as id,
        false as is_billed
    from raw.commitment as commitment
    where commitment.cloud = 'azure'
),

keyed as (
    select
        named.*,
        nullif(lower(regexp_extract(named.id, '[^/]*$')), '') as key
    from named
)

select
    billed.cloud,
    billed.id as billed_id, -- CommitmentDiscountId in raw.focus
    min(known.id) as commitment_id -- as in raw.commitment
from keyed as billed
join keyed as known on billed.cloud = known.cloud and billed.key = known.key
where billed.is_billed and not known.is_billed
group by billed.cloud, billed.id
having count(*) = 1 and min(known.id) <> billed.id
