import { isIPv6 } from "node:net";
import type { Outcome } from "#shared/model/hosts/probe.ts";

/** Why there is no connection, as an outcome and a sentence. */
export type Failure = {
  outcome: Outcome;
  message: string;
  /** It is this computer that had none left; another try may find one. */
  passing?: "no-descriptor";
  /** Where the other end broke it off without a word. */
  closedBy?: ClosedBy;
};

/** How a connection was broken off: before it stood, in the talk before TLS, or in the handshake. `midway`: something had been said. */
export type ClosedBy =
  | "reset-at-first"
  | "reset-before-tls"
  | "closed-before-tls"
  | "closed-midway-before-tls"
  | "reset"
  | "closed"
  | "closed-midway";

export const isFailure = (result: object): result is Failure => "outcome" in result;

/** A connection that was not made at all. */
type NotConnected = Failure & { outcome: "refused" | "reset" | "timed-out" };

export type ConnectError = { code?: string | undefined; address?: string | undefined };

/** The same over SSH and TLS. Without any IPv6 this computer has no address to come from; otherwise it has no port left. */
export function readConnectError(
  { code = "unknown", address = "" }: ConnectError,
  port: number,
): NotConnected {
  switch (code === "EADDRNOTAVAIL" && isIPv6(address) ? "ENETUNREACH" : code) {
    case "ECONNREFUSED":
      return { outcome: "refused", message: `the connection was refused: nothing listens on port ${port}` };
    case "ECONNRESET":
    case "EPIPE":
      return {
        outcome: "reset",
        message: "the connection was reset before it stood",
        closedBy: "reset-at-first",
      };
    case "ETIMEDOUT":
      return { outcome: "timed-out", message: `nothing answered on port ${port}` };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return {
        outcome: "timed-out",
        message: `there is no way to it from here (${code}); is it on, and is the route right?`,
      };
    case "EMFILE":
    case "ENFILE":
    case "EADDRNOTAVAIL":
      return {
        outcome: "timed-out",
        message: `this computer has no free connection left (${code}); scan fewer targets at a time`,
        passing: "no-descriptor",
      };
    default:
      return { outcome: "refused", message: `the connection could not be made (${code})` };
  }
}
