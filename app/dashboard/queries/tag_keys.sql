-- One row per tag key, the one that covers most money first.
select tag_cost.tag_key
from marts.tag_cost as tag_cost
where tag_cost.currency = getvariable('currency')
group by all
order by sum(tag_cost.effective_cost) filter (where tag_cost.tag_value <> '(untagged)') desc nulls last
limit 30
