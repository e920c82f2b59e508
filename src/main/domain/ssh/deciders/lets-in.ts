import { hasPassed, readExpiryTime } from "#domain/ssh/expiry-time.ts";
import { takesAddress } from "#domain/ssh/from-list.ts";
import { type LineOption, valueOfOption } from "#domain/ssh/line-options.ts";

/** `address`: as the host sees it; null where that is not known. `unixTime`: by the host's clock. */
type Login = { address: string | null; unixTime: number };

/** Whether the from= and expiry-time= of a line let in who comes from there then; null where that cannot be told. */
export function letsIn(options: readonly LineOption[], { address, unixTime }: Login): boolean | null {
  const from = valueOfOption(options, "from");
  const byAddress = from === null ? true : address === null ? null : takesAddress(from, address);
  const byDates = options
    .filter(({ name }) => name === "expiry-time")
    .map(({ value }) => {
      const date = readExpiryTime(value ?? "");
      const isOver = date && hasPassed(date, unixTime, null);
      return isOver === null ? null : !isOver;
    });
  const all = [byAddress, ...byDates];
  if (all.includes(false)) return false;
  return all.includes(null) ? null : true;
}
