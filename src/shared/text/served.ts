import type { ServedRow, ServedState } from "../model/served.ts";

const STATES: Record<ServedState, string> = {
  "not-reloaded": "not reloaded",
  "other-process": "another program listens",
  "other-listed": "another one of the host's",
  differs: "differs",
  "cannot-tell": "cannot be told",
  "not-seen": "not seen",
  agrees: "as configured",
};

/** Whether what is served agrees with the configuration, in a few words. */
export const sayServedState = (state: ServedState): string => STATES[state];

/** `nginx *:443 shop.example`, `postfix 192.0.2.1:25`: a listener and the name that it is asked for. */
export function sayListener({ address, port, name }: Pick<ServedRow, "address" | "port" | "name">): string {
  const place =
    address === null ? `*:${port}` : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return name === null ? place : `${place} ${name}`;
}

export const sayFileLine = ({ file, line }: { file: string; line: number }): string => `${file}:${line}`;
