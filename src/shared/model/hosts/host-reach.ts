import { z } from "zod";

/** An account of a host that may run commands as another one of it. */
export const Escalation = z.object({
  account: z.string(),
  target: z.string(),
  /** `group`: it may write to a socket or a disk that makes root of whoever may; by its group, as a rule. */
  by: z.enum(["sudo", "doas", "group"]),
  /** "any": as good as being the other account. "some": only what is named, which may still open a shell. */
  commands: z.enum(["any", "some"]),
  /** Whose password is needed; of several commands, the one that needs least. */
  password: z.enum(["none", "own", "target", "root"]),
  /** False: the rule could not be read, or depends on what is not known here. */
  isCertain: z.boolean(),
  /** The first of the commands, where they are only some. */
  what: z.array(z.string()),
  /** One of these that is a shell, or starts any command without a trick; null where none is known to be. */
  shell: z.string().nullable(),
  /** The rule that says so, FILE:LINE; or, for a rule that was not read, what shows it. */
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

/** A host that an account has connected to, or has a name for. It is evidence of a route, not of a login that works. */
export const Outbound = z.object({
  /** Empty for a file of the whole host. */
  account: z.string(),
  source: z.enum(["known_hosts", "ssh_config"]),
  /** As it is written there; where it is hashed, the hash. */
  name: z.string(),
  port: z.int(),
  isHashed: z.boolean(),
  /** Of the host key that known_hosts holds. */
  fingerprint: z.string().nullable(),
  /** The login that ssh_config names. */
  user: z.string().nullable(),
  /** The key files that ssh_config names, as they are written there. */
  identities: z.array(z.string()),
  path: z.string(),
});
export type Outbound = z.infer<typeof Outbound>;

/** What lets an account of a host act as another one, and where it has connected to. */
export const HostReach = z.object({
  escalations: z.array(Escalation),
  /** Whether the rules could be read. If not, the rules that were known before still count. */
  areRulesRead: z.boolean(),
  agents: z.array(OpenAgent),
  outbound: z.array(Outbound),
  /** Files of `outbound` that could not be read. */
  unreadablePaths: z.array(z.string()),
});
export type HostReach = z.infer<typeof HostReach>;
