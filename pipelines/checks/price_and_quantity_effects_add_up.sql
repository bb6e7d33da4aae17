-- The effects of price, quantity and new or gone skus add up to the difference, to the last digit.
-- asset: marts/price_quantity_change
-- blocking: true
select change.*
from marts.price_quantity_change as change
where
    change.price_effect + change.quantity_effect + change.new_or_gone_effect
    <> change.cost_after - change.cost_before
