/** What happens, step by step, for whoever looks for a fault: by names alone. */
export type Trace = (...names: TraceName[]) => void;

type TraceName = string | number | null;

const LONGEST_NAME = 80;

/**
 * A line of it. What is no name of a verb, a state, a host, an account or a run shows as a question mark, so that nothing
 * that was typed, read or stored gets into a log.
 */
export const formatTrace = (names: readonly TraceName[]): string =>
  names.map((name) => (NAME.test(String(name)) ? String(name) : "?")).join(" ");

const NAME = new RegExp(`^[A-Za-z0-9._:@-]{1,${LONGEST_NAME}}$`);
