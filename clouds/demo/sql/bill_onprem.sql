-- The rate card of our own data centres, written as FOCUS 1.2.
select focus_line.* exclude (x_feed, x_kind)
from focus_line
where focus_line.x_feed = 'onprem'
