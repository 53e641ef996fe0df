/** Table 3: the mean of each metric over the images, by method. Means are of compensated sums (Kahan). */
import { metrics } from '../../../metric/metrics.js';

export const table3 = `
select method,
       count(*) as images,
       ${metrics.map(({ id, column }) => `favg(${column}) as "${id}"`).join(',\n       ')}
from records
group by method`;
