-- One row per recommendation to plan, exactly as it was made.
select recommendation.*
from actions.recommendation as recommendation
where list_contains(getvariable('ids'), recommendation.id)
order by recommendation.id
