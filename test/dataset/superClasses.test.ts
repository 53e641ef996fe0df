import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  classes19,
  classes43,
  classIndices,
  superClasses,
  superClassOf,
} from '../../lib/src/dataset/bigEarthNet/labels.js';

describe('superClassOf', () => {
  it('has CORINE’s numbers of level 3 classes: 11, 11, 11 (without glaciers), 5 and 5', () => {
    // CORINE has 12 classes of forest and semi-natural areas; BigEarthNet has no glaciers.
    const counts = superClasses.map((name) => classes43.filter((each) => superClassOf(each) === name).length);
    assert.deepEqual(counts, [11, 11, 11, 5, 5]);
  });

  it('gives each of the 19 classes the super-class of all its members', () => {
    for (const name of classes43) {
      const [index] = classIndices([name], 19);
      if (index !== undefined) assert.equal(superClassOf(classes19[index]), superClassOf(name), name);
    }
    assert.ok(classes19.every((name) => superClassOf(name) !== undefined));
  });

  it('holds the paper’s example: urban fabric and industrial units are artificial surfaces', () => {
    assert.equal(superClassOf('Urban fabric'), 'Artificial surfaces');
    assert.equal(superClassOf('Industrial or commercial units'), 'Artificial surfaces');
    assert.equal(superClassOf('Broad-leaved forest'), 'Forest and semi-natural areas');
    assert.equal(superClassOf('Coastal wetlands'), 'Wetlands');
    assert.equal(superClassOf('Inland waters'), 'Water bodies');
  });

  it('knows no other names', () => {
    assert.equal(superClassOf('Savanna'), undefined);
  });
});
