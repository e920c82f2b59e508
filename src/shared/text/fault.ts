/** So many of the calls that led to a fault, the innermost first. */
const MOST_FRAMES = 12;

/** So many errors that caused one another. */
const MOST_CAUSES = 4;

/**
 * What may be written down of an error that should not have been: the kind of each error, its code, and the lines of
 * this program that it came from. Nothing else, for messages and fields may hold what was typed, read or stored: a
 * parser quotes its input, and an error of validation carries all of it.
 */
export function formatFault(error: unknown): string {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && (depth === 0 || current instanceof Error); depth++) {
    lines.push(
      ...describeError(current).map((line, index) => (depth > 0 && index === 0 ? `caused by ${line}` : line)),
    );
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines.join("\n");
}

function describeError(error: unknown): string[] {
  if (!(error instanceof Error)) return [`a ${typeof error} was thrown that is no error`];
  const { code } = error as { code?: unknown };
  const isCode = typeof code === "number" || (typeof code === "string" && CODE.test(code));
  const kind = KIND.test(error.name) ? error.name : "Error";
  return [isCode ? `${kind} ${code}` : kind, ...framesOf(error)];
}

const KIND = /^[A-Z][A-Za-z]{1,40}$/;
const CODE = /^[A-Z][A-Z0-9_]{1,60}$/;

/** How V8 begins a stack: `TypeError [ERR_INVALID_ARG_TYPE]`. */
const HEAD = /^[A-Z][A-Za-z]{1,40}(?: \[[A-Z0-9_]+\])?/;

/** A call, without the folders in which this program happens to lie. */
const FRAME = /^ {4}at (?:(?:async )?([\w.$#<> [\]]+) )?\(?(?:[^()]*[/\\])?([\w.@-]+:\d+:\d+)\)?$/;

/**
 * The calls stand after the message, which may be made to look like calls: if the message's end is not found, none is
 * used.
 */
function framesOf({ stack = "", name, message }: Error): string[] {
  const [head = ""] = HEAD.exec(stack) ?? [];
  const said = message === "" ? head : `${head}: ${message}`;
  if (!KIND.test(name) || head === "" || !stack.startsWith(`${said}\n`)) return [];
  const frames = stack
    .slice(said.length)
    .split("\n")
    .flatMap((line) => {
      const [, call, location] = FRAME.exec(line) ?? [];
      return location ? [`    at ${call ? `${call} ` : ""}(${location})`] : [];
    });
  return frames.slice(0, MOST_FRAMES);
}

/** Logs what happens, step by step, for whoever looks for a fault: by names alone. */
export type Trace = (...names: TraceName[]) => void;

type TraceName = string | number | null;

const LONGEST_NAME = 80;

/**
 * A line of a trace. A name that is not of a verb, a state, a host, an account or a run shows as a question mark, so
 * that nothing that was typed, read or stored gets into a log.
 */
export const formatTrace = (names: readonly TraceName[]): string =>
  names.map((name) => (NAME.test(String(name)) ? String(name) : "?")).join(" ");

const NAME = new RegExp(`^[A-Za-z0-9._:@-]{1,${LONGEST_NAME}}$`);
