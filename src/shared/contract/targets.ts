import { z } from "zod";
import { WayText } from "../model/endpoint-way.ts";
import { Instant } from "../model/instant.ts";
import { LocalPath } from "../model/local-file.ts";
import { Protocol } from "../model/starttls.ts";
import { HostName, MOST_TARGETS, Target } from "../model/target.ts";
import { TransportRequest } from "../model/transport.ts";
import { command, query } from "./procedure.ts";

/**
 * Targets as people write them, between spaces, commas or lines; `#` begins a comment. A name that ssh_config gives a
 * HostName or a way there is SSH alone, on the port that it says.
 */
export const TargetText = z.object({
  text: z.string().max(8 * 1024 * 1024),
  /** Overrides what the port says: a bare name is both SSH 22 and TLS 443. */
  only: z.enum(["ssh", "tls"]).nullable().default(null),
  /** What endpoints speak before TLS where the text does not say; a bare name is then one of these alone. Null: what the port says. */
  protocol: Protocol.nullable().default(null),
  /** Every host that this user's ssh_config names in full, and every name in known_hosts that is not hashed, beside the text. */
  sources: z.array(z.enum(["ssh-config", "known-hosts"])).default([]),
  /** Read instead of ~/.ssh/config and the system's ssh_config, as by `ssh -F`. */
  sshConfigFile: LocalPath("ssh-config").nullable().default(null),
  /** Each endpoint that names no server itself is asked for each of these; empty: for its own name, if it has one. */
  serverNames: z.array(HostName).max(1_000).default([]),
  /** Go on without what cannot be read, and name it; otherwise the first such word refuses the whole text. */
  skipBroken: z.boolean().default(false),
});
export type TargetText = z.infer<typeof TargetText>;

/** A word that is no target, or a line of ssh_config or known_hosts that cannot be read. */
export const BrokenEntry = z.object({
  /** `line 12`, or `~/.ssh/config line 12`. */
  where: z.string(),
  text: z.string(),
  why: z.string(),
});
export type BrokenEntry = z.infer<typeof BrokenEntry>;

/** At most so many broken entries are listed by a preview; a scan names them all. */
export const BROKEN_SHOWN = 100;

export const LOGINS_SHOWN = 5;

/** A target that is remembered, with its login. */
export const RememberedTarget = z.object({
  id: z.int(),
  target: Target,
  useSudo: z.boolean(),
  transport: TransportRequest,
  /** How an endpoint is reached; empty: directly. */
  way: WayText,
  addedAt: Instant,
});
export type RememberedTarget = z.infer<typeof RememberedTarget>;

export const targets = {
  /** How many targets a text means, and the first of them. Refused when it cannot be read, or means too many. */
  preview: query.input(TargetText).output(
    z.object({
      total: z.int().max(MOST_TARGETS),
      ssh: z.int(),
      tls: z.int(),
      first: z.array(Target),
      /** As whom logins are tried, ssh_config followed: the first few of them, each once. */
      logins: z.array(z.string()).max(LOGINS_SHOWN),
      /** How many key files ssh_config names for them, each counted once. */
      keyFiles: z.int(),
      broken: z.object({ total: z.int(), first: z.array(BrokenEntry).max(BROKEN_SHOWN) }),
      /** What of ssh_config is not followed here, such as Match exec, what of it is run, as ProxyCommand is, and which files are not read. */
      notes: z.array(z.string()),
    }),
  ),

  list: query.output(z.array(RememberedTarget)),

  add: command
    .input(
      TargetText.extend({ useSudo: z.boolean().default(false), transport: TransportRequest.default("auto") }),
    )
    .output(
      z.object({ added: z.int(), known: z.int(), broken: z.array(BrokenEntry), notes: z.array(z.string()) }),
    ),

  /** Forgets targets; what was seen there is kept. */
  remove: command.input(TargetText).output(z.object({ removed: z.int(), broken: z.array(BrokenEntry) })),
};
