/** The mean MoRF curve of each method: its score after each iteration, averaged over the images. */

export const morfCurves = `
with points as (
  select method, unnest(morf) as score, generate_subscripts(morf, 1) as iteration
  from records
), means as (
  select method, iteration, favg(score) as score
  from points
  group by method, iteration
)
select method, list(score order by iteration) as curve
from means
group by method`;
