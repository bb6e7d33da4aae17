-- One row: the figures on the cards of one currency.
select
    overview.*,
    overview.today - 30 as sparkline_from
from marts.overview as overview
where overview.currency = getvariable('currency')
