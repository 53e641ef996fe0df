import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { methods } from '../../../lib/src/attribution/methods.js';
import { identify } from '../../../lib/src/study/manifest.js';
import { paperTable3, paperTableS3 } from '../../../lib/src/study/paper/paperTables.js';

describe('the paper’s Tables 3 and S3', () => {
  it('have a row for each method, in its order', () => {
    const ids = methods.map(({ id }) => id);
    assert.deepEqual(Object.keys(paperTable3), ids);
    assert.deepEqual(Object.keys(paperTableS3), ids);
  });

  it('agree with themselves: SmoothGrad is less sensitive, larger images have larger files', () => {
    for (const id of ['saliency', 'input-x-gradient', 'integrated-gradients']) {
      const [plain, smooth] = [paperTable3[id], paperTable3[`${id}-sg`]];
      for (const column of ['bigEarthNet', 'sen12ms'] as const)
        assert.ok(smooth[column].maxSensitivity < plain[column].maxSensitivity, `${id} ${column}`);
      assert.ok(paperTableS3[`${id}-sg`].maxSensitivity < paperTableS3[id].maxSensitivity, id);
    }
    for (const [id, { bigEarthNet, sen12ms }] of Object.entries(paperTable3))
      assert.ok(sen12ms.fileSize > bigEarthNet.fileSize && sen12ms.aucMorf > bigEarthNet.aucMorf, id);
  });

  it('are the values that were compared with the paper', () => {
    assert.equal(identify(paperTable3), '7571ffbc9abb2cef');
    assert.equal(identify(paperTableS3), 'eac3bb2be50657fd');
  });
});
