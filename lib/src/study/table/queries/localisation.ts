/** Where the class's true mask is known: means over the images of each method; share and ratio where any relevance is positive. */

export const localisation = `
select method,
       count(*) as images,
       favg(share) as share,
       favg(area) as area,
       favg(ratio) as ratio,
       favg(hit) as hit
from records
where area is not null
group by method`;
