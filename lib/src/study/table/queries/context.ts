/** What the figures of a study are of: its images, how many of them were explained for a predicted label, and what ran where. */

export const context = `
select count(distinct image_index) as images,
       count(distinct image_index) filter (true_positive) as "truePositives",
       min(preset) as preset,
       min(seed) as seed,
       min(model) as model,
       min(versions::varchar) as versions,
       list(distinct device order by device) as devices
from records`;
