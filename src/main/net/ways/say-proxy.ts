/** Why a proxy did not lead to an endpoint, so that nobody takes the one for the other. */
import type { Failure } from "#net/connect-failure.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Outcome } from "#shared/model/probe.ts";
import type { Ending } from "./dialogue.ts";
import type { Place, Said } from "./said.ts";

const failed = (message: string): Failure => ({ outcome: "proxy-failed", message });

/** The proxy itself could not be reached. */
export const formatProxyFailed = (proxy: string, { message, passing }: Failure): Failure => ({
  ...failed(`the proxy ${proxy} could not be reached: ${message}`),
  ...(passing && { passing }),
});

/** It ended the dialogue without an answer, or did not come to one. */
export function formatEnding(proxy: string, { kind, heard }: Ending, limits: { answerMs: number }): Failure {
  switch (kind) {
    case "closed":
      return failed(`the proxy ${proxy} closed the connection without an answer${formatHeard(heard)}`);
    case "timed-out":
      return failed(
        `the proxy ${proxy} did not lead through within ${limits.answerMs / 1_000} seconds${formatHeard(heard)}`,
      );
    case "flooded":
      return failed(`the proxy ${proxy} said more than any answer has; is it a proxy of this kind?`);
    default:
      return assertNever(kind);
  }
}

/** Null where it let us through. */
export function formatRefused(proxy: string, to: Place, said: Said): Failure | null {
  const place = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  switch (said.kind) {
    case "open":
      return null;
    case "login-wanted":
      return failed(`the proxy ${proxy} wants a login; name the user in its address, as user@host:port`);
    case "login-refused":
      return failed(`the proxy ${proxy} refused the login; is the password right?`);
    case "refused-by-proxy":
      return failed(`the proxy ${proxy} opened no way to ${place}: ${quote(said.said)}`);
    case "unreached":
      return {
        outcome: OUTCOMES[said.why],
        message: `the proxy ${proxy} could not reach ${place}: ${quote(said.said)}`,
      };
    case "garbage":
      return failed(`what answers at ${proxy} is no proxy of this kind${formatHeard(said.heard)}`);
    default:
      return assertNever(said);
  }
}

const OUTCOMES: Record<Extract<Said, { kind: "unreached" }>["why"], Outcome> = {
  refused: "refused",
  "no-way": "timed-out",
  "no-such-name": "no-such-name",
  "timed-out": "timed-out",
};

/** The first of what was heard, without anything that a terminal would act on. */
function formatHeard(heard: Buffer): string {
  if (heard.length === 0) return "";
  const [line = ""] = heard
    .subarray(0, 60)
    .toString("latin1")
    .split(/[\r\n]/);
  return `: it said ${quote(line)}`;
}

/** What a stranger said, as one line of plain ASCII. */
const quote = (said: string): string => `"${said.slice(0, 120).replace(/[^\x20-\x7e]/g, "?")}"`;
