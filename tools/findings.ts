/**
 * What recorded studies say of the paper's claims about its Table 3, as a Markdown table for docs/findings.md:
 * node --import ./test/typescript.mjs tools/findings.ts FOLDER...
 * Each FOLDER is the --out of a run of `npm run reproduce` on two or more images.
 */
import { print, runCommand } from '../lib/src/command/commandLine.js';
import { InputError } from '../lib/src/error.js';
import { measureText } from '../lib/src/study/comparison.js';
import { assessClaims, type Finding } from '../lib/src/study/findings.js';
import { paperClaims } from '../lib/src/study/paper/paperClaims.js';
import { paperTable3 } from '../lib/src/study/paper/paperTables.js';
import { readStudy } from '../lib/src/study/recorded.js';
import { markdownTable, markdownText } from '../lib/src/text.js';

const findingText = (finding: Finding | undefined): string => {
  if (finding === undefined) return 'not measured';
  const [margin, low, high] = [finding.margin, finding.low, finding.high].map(measureText);
  return `**${finding.verdict}**: ${margin} (${low} to ${high})`;
};

const ofPaper = Object.fromEntries(
  Object.entries(paperTable3).map(([id, { bigEarthNet }]) => [id, bigEarthNet]),
);

runCommand(async (folders) => {
  if (folders.length === 0) {
    throw new InputError({ what: 'no study', where: 'arguments', expected: 'FOLDER...' });
  }
  const studies = await Promise.all(folders.map(readStudy));
  const headings = studies.map(({ manifest: { dataset, model, preset }, records }) => {
    const images = new Set(records.map(({ imageIndex }) => imageIndex)).size;
    return markdownText(`${dataset.name}, ${model.name}, ${preset}, ${images} images`);
  });
  const findings = studies.map(({ records }) => assessClaims(records));
  const columns = [
    'The paper says',
    'section',
    'margin: above 0 where it holds',
    'its own Table 3',
    ...headings,
  ];
  const rows = paperClaims.map((claim) => {
    const own = claim.marginOf(ofPaper);
    const ours = findings.map((all) => findingText(all.find((finding) => finding.claim === claim)));
    return [claim.claim, claim.section, claim.meaning, own === undefined ? '' : measureText(own), ...ours];
  });
  print(markdownTable(columns, rows).join('\n'));
  return 0;
});
