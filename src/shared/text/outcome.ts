import type { Outcome } from "../model/probe.ts";

const WORDS: Record<Outcome, string> = {
  presented: "presented",
  collected: "read",
  refused: "refused the connection",
  "timed-out": "timed out",
  "no-such-name": "no such name",
  "not-tls": "not TLS",
  alert: "TLS alert",
  reset: "connection reset",
  "host-key-unknown": "unknown host key",
  "host-key-changed": "host key changed",
  "login-refused": "login refused",
  throttled: "throttled",
  "jump-failed": "jump host failed",
  "proxy-failed": "proxy failed",
  "not-supported": "not supported",
  "restricted-shell": "restricted shell",
  flooded: "too much output",
  truncated: "cut short",
  "no-starttls": "no STARTTLS",
  "starttls-refused": "STARTTLS refused",
  "other-protocol": "another protocol",
  injected: "plain text injected",
};

/** What a visit met, in a few words. */
export const formatOutcome = (outcome: Outcome): string => WORDS[outcome];
