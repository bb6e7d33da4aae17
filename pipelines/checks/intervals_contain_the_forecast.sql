-- Every forecast has intervals that contain its mean.
-- asset: models/forecast
select forecast.*
from models.forecast as forecast
where not coalesce(
    forecast.lo95 <= forecast.lo80
    and forecast.lo80 <= forecast.mean
    and forecast.mean <= forecast.hi80
    and forecast.hi80 <= forecast.hi95,
    false
)
