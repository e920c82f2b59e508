import type { ServedRow, ServedState } from "../model/served.ts";
import { Protocol } from "../model/starttls.ts";
import { formatEndpoint } from "./target.ts";

const STATES: Record<ServedState, string> = {
  "not-reloaded": "not reloaded",
  "other-process": "another program listens",
  "other-listed": "another one of the host's",
  differs: "differs",
  "cannot-tell": "cannot be decided",
  "not-seen": "not seen",
  agrees: "as configured",
  "never-served": "never served",
};

/** Whether what is served agrees with the configuration, in a few words. */
export const formatServedState = (state: ServedState): string => STATES[state];

/** `nginx *:443 shop.example`, `postfix 192.0.2.1:25`: a listener and the name that it is asked for. */
export function formatListener({
  address,
  port,
  name,
}: Pick<ServedRow, "address" | "port" | "name">): string {
  const place =
    address === null ? `*:${port}` : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return name === null ? place : `${place} ${name}`;
}

/** The endpoint whose scan shows what is served there; null: none is known. */
export function formatHandshake({
  port,
  protocol,
  shownBy,
}: Pick<ServedRow, "port" | "protocol" | "shownBy">): string | null {
  const { data: dialogue } = Protocol.safeParse(protocol);
  if (dialogue === undefined || shownBy?.kind !== "scan") return null;
  const { host, serverName } = shownBy;
  return formatEndpoint({ host, port, serverName, protocol: dialogue });
}

/** Why no scan shows what is served there, as a phrase; null: one may. */
export const formatWhyUnseen = ({ shownBy }: Pick<ServedRow, "shownBy">): string | null =>
  shownBy === null || shownBy.kind === "scan" ? null : shownBy.why;

export const formatFileLine = ({ file, line }: { file: string; line: number }): string => `${file}:${line}`;
