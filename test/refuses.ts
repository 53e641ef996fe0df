/** What every wrong input must cause. */
import assert from 'node:assert/strict';
import { InputError } from '../lib/src/error.js';

/** Expects one InputError of readable length that names `where` and says `what`. */
export async function refusesInput(
  action: () => Promise<unknown>,
  where: string,
  what: RegExp,
): Promise<void> {
  await assert.rejects(action, (thrown: unknown) => {
    assert.ok(thrown instanceof InputError, String(thrown));
    assert.ok(thrown.message.includes(where), thrown.message);
    assert.match(thrown.message, what);
    assert.ok(thrown.message.length < 1200, 'a message of readable length');
    return true;
  });
}
