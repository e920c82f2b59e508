import { z } from "zod";
import { Instant } from "../instant.ts";
import { HostName, Port, Target } from "./target.ts";

/** The SSH client of a login: ssh2, which is built in, or OpenSSH's own client, the `ssh` of this computer. */
export const Transport = z.enum(["ssh2", "system"]);
export type Transport = z.infer<typeof Transport>;

/** `auto`: ssh2; or OpenSSH's client, where ssh_config needs what only that does, or only that can log in. */
export const TransportRequest = z.enum(["auto", ...Transport.options]);
export type TransportRequest = z.infer<typeof TransportRequest>;

/**
 * The result of one probe. `presented`: an endpoint showed its chain; `collected`: a host was read. Each of the others
 * says why not, and none is an error of ours.
 * `jump-failed`: a jump host of the route refused us, or ended while the host behind it was read.
 * `no-starttls`, `starttls-refused`, `other-protocol`: the STARTTLS negotiation did not come to TLS; `injected`: plain
 * text came where only TLS may come.
 * `host-key-not-accepted`: the key was not known, and whoever was asked did not accept it.
 * `proxy-failed`: a proxy did not connect us; of the endpoint nothing was seen.
 * `not-supported`: the route needs what this program does not do, or what was not chosen, such as a command of
 * ssh_config.
 */
export const Outcome = z.enum([
  "presented",
  "collected",
  "refused",
  "timed-out",
  "no-such-name",
  "not-tls",
  "alert",
  "reset",
  "host-key-unknown",
  "host-key-not-accepted",
  "host-key-changed",
  "login-refused",
  "throttled",
  "jump-failed",
  "proxy-failed",
  "not-supported",
  "restricted-shell",
  "flooded",
  "truncated",
  "no-starttls",
  "starttls-refused",
  "other-protocol",
  "injected",
]);
export type Outcome = z.infer<typeof Outcome>;

/**
 * `partial`: the reading was cut short, or a certificate of a chain could not be read. What the account may not read is
 * in the coverage instead.
 */
export const ProbeState = z.enum(["ok", "failed", "partial"]);
export type ProbeState = z.infer<typeof ProbeState>;

/** A host key as it is shown to people: its type, and its fingerprint as ssh-keygen prints it. */
export const HostKeyView = z.object({ keyType: z.string(), fingerprint: z.string() });
export type HostKeyView = z.infer<typeof HostKeyView>;

/** One probe of one target, as a scan remembers it. */
export const Probe = z.object({
  id: z.int(),
  target: Target,
  state: ProbeState,
  outcome: Outcome,
  /** A sentence for people: what happened and what to do; empty when all went well. */
  message: z.string(),
  at: Instant,
  tookMs: z.int(),
  /** The host key that was presented, when the outcome is about it. */
  hostKey: HostKeyView.nullable(),
  /** The jump host that the outcome, and the host key, are about; null: the target itself. */
  jumpHost: z.object({ host: HostName, port: Port }).nullable(),
  /** The SSH client of the login; null for an endpoint, and where no login was tried. */
  transport: Transport.nullable(),
});
export type Probe = z.infer<typeof Probe>;
