import type { Failure } from "#net/connect-failure.ts";
import { findSpeaker, isTls, quoteHeard } from "#net/tls/describe-heard.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { StartTls, TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint, formatProtocol } from "#shared/text/hosts/target.ts";
import type { Ending } from "./dialogue.ts";

/** How a dialogue came to its end before TLS, by what was said, or as the time or the connection ended. */
export type Stop =
  | Exclude<Ending, { kind: "ready" }>
  | { kind: "timed-out"; hasHeard: boolean; deadlineMs: number }
  | { kind: "closed"; hasHeard: boolean }
  | { kind: "reset" };

type StartTlsEndpoint = { target: TlsTarget; protocol: StartTls };

/** What each protocol calls the wish for TLS. */
const REQUESTS: Record<StartTls, string> = {
  smtp: "STARTTLS",
  lmtp: "STARTTLS",
  imap: "STARTTLS",
  pop3: "STLS",
  ftp: "AUTH TLS",
  ldap: "StartTLS",
  xmpp: "STARTTLS",
  "xmpp-server": "STARTTLS",
  nntp: "STARTTLS",
  sieve: "STARTTLS",
  irc: "STARTTLS",
  telnet: "START_TLS",
  postgres: "SSLRequest",
  mysql: "SSL",
  rdp: "TLS security",
  mssql: "encryption",
};

const MOST_SAID = 200;

/** What kept us from TLS, for people: what happened, and what to do. */
export function toStopFailure(stop: Stop, asked: StartTlsEndpoint): Failure {
  const { protocol } = asked;
  const [name, request] = [formatProtocol(protocol), REQUESTS[protocol]];
  switch (stop.kind) {
    case "not-offered":
      return {
        outcome: "no-starttls",
        message: `the server offers no TLS within ${name} (${request})${formatWords(stop.said)}; switch it on there, or name the port where it speaks TLS at once`,
      };
    case "refused":
      return {
        outcome: "starttls-refused",
        message: `the server refused ${request}${formatWords(stop.said)}; its own log says why, often a certificate that it could not load`,
      };
    case "turned-away":
      return {
        outcome: "refused",
        message: `the server turned us away before ${request}${formatWords(stop.said)}; ${formatHowToBeTaken(stop.said, asked)}`,
      };
    case "other":
      return { outcome: "other-protocol", message: sayOther(stop.heard, asked) };
    case "flooded":
      return {
        outcome: "flooded",
        message: `the server sent ${stop.what} of ${name} before TLS; the rest was not read`,
      };
    case "injected":
      return {
        outcome: "injected",
        message: `plain text came behind the server's answer to ${request}, where only TLS may come: "${quoteHeard(stop.heard)}"; the server, or somebody on the way, mixes plain text into TLS: nothing of it was used`,
      };
    default:
      return toSilenceFailure(stop, asked);
  }
}

/** XMPP's words for a domain that is not served (RFC 6120 section 4.9.3.6); all else is a matter of who may connect. */
const formatHowToBeTaken = (said: string, { target }: StartTlsEndpoint): string =>
  said.startsWith("host-unknown")
    ? `write the domain that it serves behind a slash: ${formatEndpoint({ ...target, serverName: "DOMAIN" })}`
    : "does it take connections from this computer?";

function toSilenceFailure(
  stop: Extract<Stop, { kind: "timed-out" | "closed" | "reset" }>,
  { target, protocol }: StartTlsEndpoint,
): Failure {
  const name = formatProtocol(protocol);
  const atOnce = `if TLS is spoken there at once, write ${formatEndpoint({ ...target, protocol: "tls" })}`;
  switch (stop.kind) {
    case "timed-out": {
      const time = `within ${stop.deadlineMs / 1_000} seconds`;
      return {
        outcome: "timed-out",
        message: stop.hasHeard
          ? `the server began to speak ${name} and did not come to TLS ${time}`
          : `the server took the connection and said nothing of ${name} ${time}; ${atOnce}`,
      };
    }
    case "closed":
      return stop.hasHeard
        ? {
            outcome: "truncated",
            message: `the server closed the connection in the middle of ${name}, before TLS`,
            closedBy: "closed-midway-before-tls",
          }
        : {
            outcome: "reset",
            message: `the server closed the connection without a word of ${name}; ${atOnce}`,
            closedBy: "closed-before-tls",
          };
    case "reset":
      return {
        outcome: "reset",
        message: `the server reset the connection in the middle of ${name}, before TLS`,
        closedBy: "reset-before-tls",
      };
    default:
      return assertNever(stop);
  }
}

function sayOther(heard: Uint8Array, { target, protocol }: StartTlsEndpoint): string {
  const what = `what listens there does not speak ${formatProtocol(protocol)}`;
  if (isTls(heard)) return `${what} but TLS at once; write ${formatEndpoint({ ...target, protocol: "tls" })}`;
  const speaker = findSpeaker(heard);
  const how = speaker ? ` but ${speaker.name}` : "";
  const own = speaker?.protocol
    ? formatEndpoint({ ...target, protocol: speaker.protocol })
    : "imap://host:port";
  const remedy = speaker?.protocol
    ? `write ${own}`
    : `if it turns to TLS, write its own protocol, such as ${own}`;
  return `${what}${how}: it said "${quoteHeard(heard)}"; ${remedy}`;
}

const formatWords = (said: string): string =>
  said === "" ? "" : `: it said "${quoteHeard(Buffer.from(said, "latin1"), MOST_SAID)}"`;
