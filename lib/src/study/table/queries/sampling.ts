/** How exact the maps of each method are that samples or approximates; an error is unknown where that of any image is. */

export const sampling = `
select method,
       case when count(relative_error) = count(*) then favg(relative_error) end as "relativeError",
       favg(evaluations) as evaluations,
       count(*) filter (not reached) as unreached
from records
where evaluations is not null
group by method`;
