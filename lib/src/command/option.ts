/** Options of a command, each described once: its line in --help, its default and the check of what is given. */
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { failAt, type InputError, messageOf } from '../error.js';
import { print } from './commandLine.js';

/** An option that takes a value. */
export interface Option<Value> {
  readonly kind: 'value';
  /** What follows the name in --help, such as "<number>". */
  readonly hint: string;
  readonly about: string;
  /** Throws InputError for a text that is not valid. */
  readonly parse: (text: string, name: string) => Value;
}

/** An option with a default, as it would be typed. */
export interface OptionWithDefault<Value> extends Option<Value> {
  readonly default: string;
}

/** An option that may be given several times. */
export interface ListOption<Value> extends Omit<Option<Value>, 'kind'> {
  readonly kind: 'list';
}

/** An option without a value. */
export interface Flag {
  readonly kind: 'flag';
  readonly about: string;
}

export type Options = Readonly<
  Record<string, Option<unknown> | OptionWithDefault<unknown> | ListOption<unknown> | Flag>
>;

/** What the options of a command give: undefined where one without a default was left out. */
export type Values<Given extends Options> = {
  readonly [Name in keyof Given]: Given[Name] extends Flag
    ? boolean
    : Given[Name] extends ListOption<infer Value>
      ? readonly Value[]
      : Given[Name] extends OptionWithDefault<infer Value>
        ? Value
        : Given[Name] extends Option<infer Value>
          ? Value | undefined
          : never;
};

export interface CommandDescription<Given extends Options> {
  /** The word behind `landlens` or `npm run`. */
  readonly name: string;
  /** What stands before the options in the usage line; default: nothing. */
  readonly positionals?: string;
  /** How many arguments without a name it takes; default: 0. */
  readonly isCount?: (count: number, values: Values<Given>) => boolean;
  readonly about: string;
  readonly options: Given;
}

/** How the command was called: by npm in the repository, else by its program. */
export const calledAs = (name: string): string =>
  process.env.npm_lifecycle_event === name ? `npm run ${name} --` : `landlens ${name}`;

export function option<Value>(hint: string, about: string, parse: Option<Value>['parse']): Option<Value>;
/** @param otherwise the default, as it would be typed */
export function option<Value>(
  hint: string,
  about: string,
  parse: Option<Value>['parse'],
  otherwise: string,
): OptionWithDefault<Value>;
export function option<Value>(
  hint: string,
  about: string,
  parse: Option<Value>['parse'],
  otherwise?: string,
): Option<Value> {
  return { kind: 'value', hint, about, parse, ...(otherwise !== undefined && { default: otherwise }) };
}

export function list<Value>(hint: string, about: string, parse: Option<Value>['parse']): ListOption<Value> {
  return { kind: 'list', hint, about, parse };
}

export const flag = (about: string): Flag => ({ kind: 'flag', about });

/** A text as it was given. */
export const text = (given: string): string => given;

/** A path, relative to the working directory. */
export const path = (given: string): string => resolve(given);

/** One of several words. */
export const oneOf =
  <Name extends string>(known: readonly Name[]) =>
  (given: string, name: string): Name => {
    const found = known.find((word) => word === given);
    if (found === undefined) throw invalid(name, known.join(' or '), given);
    return found;
  };

/** A number that `isValid` accepts. */
export const numberWhere =
  (expected: string, isValid: (value: number) => boolean) =>
  (given: string, name: string): number => {
    const value = given.trim() === '' ? Number.NaN : Number(given);
    if (!Number.isFinite(value) || !isValid(value)) throw invalid(name, expected, given);
    return value;
  };

/** A whole number in digits. */
export const wholeNumber =
  (lowest: number, highest = Number.MAX_SAFE_INTEGER) =>
  (given: string, name: string): number => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    const upTo = highest === Number.MAX_SAFE_INTEGER ? '' : ` to ${highest}`;
    throw invalid(name, `a whole number from ${lowest}${upTo}`, given);
  };

export const invalid = (name: string, expected: string, got: string): InputError =>
  failAt(`--${name}`)('not a valid value', expected, `"${got}"`);

const namesOf = (options: Options): string =>
  Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ');

/** The text of --help. */
export function helpOf<Given extends Options>(command: CommandDescription<Given>): string {
  const { name, positionals = '', about } = command;
  const entries = [
    ...Object.entries<Options[string]>(command.options),
    ['help', flag('print this text')] as const,
  ].map(([key, given]) => [`--${key}${'hint' in given ? ` ${given.hint}` : ''}`, aboutOf(given)] as const);
  const column = Math.min(28, 2 + Math.max(...entries.map(([head]) => head.length)));
  const lines = entries.map(([head, said]) => {
    const wrapped = wrap(said, 116 - column).join(`\n${' '.repeat(column + 2)}`);
    const gap = head.length + 2 > column ? `\n${' '.repeat(column + 2)}` : ' '.repeat(column - head.length);
    return `  ${head}${gap}${wrapped}`;
  });
  const usage = ['Usage:', calledAs(name), positionals, '[options]'].filter((part) => part !== '').join(' ');
  return `${usage}\n\n${wrap(about, 118).join('\n')}\n\n${lines.join('\n')}`;
}

function aboutOf(given: Options[string]): string {
  if (given.kind === 'list') return `${given.about} (may be repeated)`;
  if (!('default' in given)) return given.about;
  const shown = given.default.startsWith('/') ? relative(process.cwd(), given.default) : given.default;
  return `${given.about} (default: ${shown})`;
}

/** Lines of at most `width` characters; line breaks in the text stay. */
function wrap(said: string, width: number): readonly string[] {
  return said.split('\n').flatMap((paragraph) => {
    const lines: string[] = [''];
    for (const word of paragraph.split(' ')) {
      const last = lines[lines.length - 1];
      if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
    }
    return lines;
  });
}

/**
 * Reads a command's arguments; undefined after --help was answered.
 * @throws InputError for an unknown option, one given twice, or a value that is not valid
 */
export function readArguments<Given extends Options>(
  command: CommandDescription<Given>,
  argv: readonly string[],
): { readonly values: Values<Given>; readonly positionals: readonly string[] } | undefined {
  const described: Options = command.options;
  const { values: given, positionals } = parseTexts(command, argv);
  if (given.help) {
    print(helpOf(command));
    return undefined;
  }
  const parsed = Object.entries(described).map(([name, one]): readonly [string, unknown] => {
    const texts = given[name];
    if (one.kind === 'flag') return [name, texts === true];
    const found = Array.isArray(texts) ? texts.map(String) : [];
    const empty = found.find((each) => each.trim() === '');
    if (empty !== undefined) throw invalid(name, 'a value', empty);
    if (one.kind === 'list') return [name, found.map((each) => one.parse(each, name))];
    if (found.length > 1) throw invalid(name, 'the option once', found.join('", "'));
    const chosen = found[0] ?? ('default' in one ? one.default : undefined);
    return [name, chosen === undefined ? undefined : one.parse(chosen, name)];
  });
  const values = Object.fromEntries(parsed) as Values<Given>;
  const { isCount = (count) => count === 0 } = command;
  if (!isCount(positionals.length, values)) {
    const called = calledAs(command.name);
    const fail = failAt(called.replace(/ --$/, ''), `See ${called} --help.`);
    const expected = command.positionals ?? namesOf(described);
    throw fail('another number of arguments', expected, positionals.join(' ') || 'none');
  }
  return { values, positionals };
}

/** `--seed -1` as `--seed=-1`: a negative number is a value, which parseArgs would take for an option. */
function withJoinedValues(argv: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const argument of argv) {
    const last = joined.at(-1) ?? '';
    const name = last.startsWith('--') ? last.slice(2) : '';
    const takesValue = Object.hasOwn(options, name) && options[name].kind !== 'flag';
    if (takesValue && /^-\d/.test(argument)) joined[joined.length - 1] = `${last}=${argument}`;
    else joined.push(argument);
  }
  return joined;
}

function parseTexts(
  { name, options }: { readonly name: string; readonly options: Options },
  argv: readonly string[],
): {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
} {
  const types = Object.entries(options).map(([key, { kind }]) => [
    key,
    kind === 'flag' ? { type: 'boolean' as const } : { type: 'string' as const, multiple: true },
  ]);
  try {
    return parseArgs({
      args: withJoinedValues(argv, options),
      allowPositionals: true,
      options: { ...Object.fromEntries(types), help: { type: 'boolean' } },
    });
  } catch (thrown) {
    const [what] = messageOf(thrown).split(/\.?\n|\. To specify|\.$/);
    throw failAt('command line', `See ${calledAs(name)} --help.`)(what, `${namesOf(options)}, --help`);
  }
}
