import { z } from "zod";
import { Escalation } from "./becoming.ts";

/** An agent whose socket was open for an account: it signs for whoever is that account, or root. */
export const OpenAgent = z.object({
  account: z.string(),
  /** Forwarded by a login from elsewhere, or started here. */
  kind: z.enum(["forwarded", "local", "unknown"]),
  path: z.string(),
});
export type OpenAgent = z.infer<typeof OpenAgent>;

/** A host that an account has been to, or has a name for. Evidence of a way, not of a login that works. */
export const Outbound = z.object({
  /** Empty for a file of the whole host. */
  account: z.string(),
  source: z.enum(["known_hosts", "ssh_config"]),
  /** As it stands there; where it is hashed, the hash. */
  name: z.string(),
  port: z.int(),
  isHashed: z.boolean(),
  /** Of the host key that known_hosts holds. */
  fingerprint: z.string().nullable(),
  /** The login that ssh_config names. */
  user: z.string().nullable(),
  /** The key files that ssh_config names, as they stand there. */
  identities: z.array(z.string()),
  path: z.string(),
});
export type Outbound = z.infer<typeof Outbound>;

/** What lets an account of a host act as another one, and where it has been. */
export const HostReach = z.object({
  escalations: z.array(Escalation),
  /** Rules that could not be read: what is known of them has not gone. */
  areRulesRead: z.boolean(),
  agents: z.array(OpenAgent),
  outbound: z.array(Outbound),
  /** Files of `outbound` that could not be read. */
  unreadablePaths: z.array(z.string()),
});
export type HostReach = z.infer<typeof HostReach>;
