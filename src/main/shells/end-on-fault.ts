import { formatFault } from "#shared/text/fault.ts";
import { endAtOnce } from "./end-process.ts";

/** What nothing caught ends the process with 3. Node itself would print all that it holds. */
export function endOnFault(): void {
  process.on("uncaughtException", (fault) => {
    process.stderr.write(`latchkey: something went wrong: ${formatFault(fault)}\n`, () => endAtOnce(3));
  });
}
