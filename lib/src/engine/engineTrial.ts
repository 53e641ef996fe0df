/** A process that starts one engine and says whether that works, so that what drivers print there is not shown. */
import { InputError } from '../error.js';
import { type EngineAvailability, openEngine, parseEngine } from './engines.js';

async function trial(word: string): Promise<EngineAvailability> {
  const name = parseEngine(word);
  try {
    const engine = await openEngine(name);
    await engine.dispose();
    return { name, usable: engine.name, problems: [] };
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    const { what, todo = '' } = thrown.parts;
    return { name, problems: [`${what}. ${todo}`.trim()] };
  }
}

const found = await trial(process.argv[2]);
process.send?.(found, () => process.exit());
