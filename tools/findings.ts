/**
 * What recorded studies say of the paper's claims about its Table 3, as a Markdown table for docs/findings.md:
 * node --import ./test/typescript.mjs tools/findings.ts FOLDER...
 * Each FOLDER is the --out of a run of `npm run reproduce` on two or more images.
 */
import { InputError, messageOf } from '../lib/src/error.js';
import { measureText } from '../lib/src/study/comparison.js';
import { assessClaims, type Finding } from '../lib/src/study/findings.js';
import { paperClaims } from '../lib/src/study/paper/paperClaims.js';
import { paperTable3 } from '../lib/src/study/paper/paperTables.js';
import { readStudy } from '../lib/src/study/recorded.js';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const findingText = (finding: Finding | undefined): string => {
  if (finding === undefined) return 'not measured';
  const [margin, low, high] = [finding.margin, finding.low, finding.high].map(measureText);
  return `**${finding.verdict}**: ${margin} (${low} to ${high})`;
};

const ofPaper = Object.fromEntries(
  Object.entries(paperTable3).map(([id, { bigEarthNet }]) => [id, bigEarthNet]),
);

const folders = process.argv.slice(2);
try {
  if (folders.length === 0) {
    throw new InputError({ what: 'no study', where: 'arguments', expected: 'FOLDER...' });
  }
  const studies = await Promise.all(folders.map(readStudy));
  const headings = studies.map(({ manifest: { dataset, model, preset }, records }) => {
    const images = new Set(records.map(({ imageIndex }) => imageIndex)).size;
    return `${dataset.name}, ${model.name}, ${preset}, ${images} images`;
  });
  const findings = studies.map(({ records }) => assessClaims(records));
  console.log(
    row(['The paper says', 'section', 'margin: above 0 where it holds', 'its own Table 3', ...headings]),
  );
  console.log(row(['---', '---', '---', '---:', ...headings.map(() => '---')]));
  for (const claim of paperClaims) {
    const own = claim.marginOf(ofPaper);
    const ours = findings.map((all) => findingText(all.find((finding) => finding.claim === claim)));
    console.log(
      row([claim.claim, claim.section, claim.margin, own === undefined ? '' : measureText(own), ...ours]),
    );
  }
} catch (thrown) {
  console.error(messageOf(thrown));
  process.exitCode = 1;
}
