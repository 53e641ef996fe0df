/** Why a runtime refuses or cannot run a network, in one sentence, with the node if the runtime names one. */
import { failAt, type InputError } from '../error.js';

/** Parts of onnxruntime's messages that say nothing about the network. */
const noise: readonly RegExp[] = [
  /^\[ONNXRuntimeError\] : \d+ : \w+ : /,
  /^(This is an invalid model\.|Exception during initialization:|Fatal error:|Type Error:) */,
  /^Load model from .*? failed: */,
  /^In Node, .*? , Error /,
  /^Non-zero status code returned while running .*? node\. Name:'.*?' Status Message: /,
];

/** The node that onnxruntime names: its operator, and its name where it has one. */
function nodeOf(message: string): string | undefined {
  const running = /while running (\w+) node\. Name:'(.*?)'/.exec(message);
  const [, operator, name] = running ?? [];
  const [, loadedName, loadedOperator] = /In Node, \("(.*?)", (\w+),/.exec(message) ?? [];
  const unknown = /error: (\S+?)\(-?\d+\) is not a registered function\/op/i.exec(message)?.[1];
  const found = operator ?? loadedOperator ?? unknown;
  const called = name ?? loadedName ?? '';
  return found && `${found} node${called === '' ? '' : ` "${called}"`}`;
}

const isUnknownOperator = (message: string): boolean =>
  /No Op registered for|is not a registered function\/op|NOT_IMPLEMENTED|Could not find an implementation/.test(
    message,
  );

const isMemory = (message: string): boolean =>
  /bad_?alloc|bad allocation|failed to allocate memory|out of memory/i.test(message);

function advice(message: string, isRunning: boolean): string {
  if (isMemory(message)) return 'Lower the memoryBudget of the engine, or end what else needs memory.';
  if (isUnknownOperator(message)) {
    return 'Export the network with operators of the ONNX standard alone, or choose an engine that has this one.';
  }
  return isRunning
    ? 'Check that the network takes images of this shape, in any number; export it again, or choose another engine.'
    : 'Check the network (onnx.checker.check_model in Python) and export it again, or choose another engine.';
}

export interface FailingRuntime {
  /** For example "onnxruntime". */
  readonly runtime: string;
  /** The network's file, or what stands for it. */
  readonly network: string;
  /** Whether it compiled. */
  readonly isRunning: boolean;
}

/** The error of a network that the runtime refused, or could not run once it was compiled. */
export function runtimeFailure(message: string, { runtime, network, isRunning }: FailingRuntime): InputError {
  const said = noise.reduce((rest, pattern) => rest.replace(pattern, ''), firstLine(message));
  const node = nodeOf(message);
  const fail = failAt(node === undefined ? network : `${network}, ${node}`, advice(message, isRunning));
  return fail(
    `${runtime} ${isRunning ? 'cannot run' : 'refuses'} the network: ${said || 'it does not say why'}`,
  );
}

/** The first line of a message, without its full stop. */
export const firstLine = (message: string): string =>
  message.trim().split('\n')[0].trim().replace(/\.$/, '').slice(0, 300);
