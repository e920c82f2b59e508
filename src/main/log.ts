import { Refusal } from "#shared/model/refusal.ts";
import { formatFault, formatTrace, type Trace } from "#shared/text/fault.ts";
import { printable } from "#shared/text/untrusted-text.ts";

/** Logs the sentence of a refusal in the background, and of anything else only what `formatFault` lets through. */
export function logToStderr(error: unknown): void {
  const said = error instanceof Refusal ? printable(error.message) : formatFault(error);
  process.stderr.write(`latchkey: ${said}\n`);
}

/** On standard error, where LATCHKEY_LOG is `debug`. */
export function usualTrace(): Trace {
  if (process.env.LATCHKEY_LOG !== "debug") return () => undefined;
  return (...names) => void process.stderr.write(`latchkey: ${formatTrace(names)}\n`);
}
