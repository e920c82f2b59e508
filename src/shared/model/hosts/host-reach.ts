import { z } from "zod";

/** An account of a host that may run commands as another one of it. */
export const Escalation = z.object({
  account: z.string(),
  target: z.string(),
  by: z.enum(["sudo", "doas"]),
  /** "any": it is as good as the other account. "some": only what is named, which may still open a shell. */
  commands: z.enum(["any", "some"]),
  /** Whose password is asked for; of several commands the one that asks least. */
  password: z.enum(["none", "own", "target", "root"]),
  /** False: the rule could not be read, or depends on what is not known here. */
  isCertain: z.boolean(),
  /** The first of the commands, where they are only some. */
  what: z.array(z.string()),
  /** One of these that is a shell, or starts any command without a trick; null where none is known to be. */
  shell: z.string().nullable(),
  /** The rule that says so, FILE:LINE; or what stands in for one that was not read. */
  rule: z.string(),
});
export type Escalation = z.infer<typeof Escalation>;

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
