import type { Redacted } from "#shared/model/redacted.ts";

/** Where a proxy is asked to connect to. */
export type Place = { host: string; port: number };

export type Credentials = { user: string; password: Redacted<string> };

/**
 * What a proxy answered. `refused-by-proxy`: it does not want to; `unreached`: it tried, and the endpoint did not let it.
 * `garbage`: what answers there is no such proxy.
 */
export type Said =
  | { kind: "open" }
  | { kind: "login-wanted" }
  | { kind: "login-refused" }
  | { kind: "refused-by-proxy"; said: string }
  | { kind: "unreached"; why: "refused" | "no-way" | "no-such-name" | "timed-out"; said: string }
  | { kind: "garbage"; heard: Buffer };
