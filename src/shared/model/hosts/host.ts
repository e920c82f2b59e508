import { z } from "zod";
import { FindingBrief } from "../finding.ts";
import { Instant } from "../instant.ts";
import { BundleStandingKind } from "./bundle.ts";
import { ReadPrograms } from "./host-programs.ts";
import { Escalation, OpenAgent } from "./host-reach.ts";
import { LogWindow } from "./host-use.ts";
import { HostKeyView, Outcome, ProbeState } from "./probe.ts";

/**
 * Why a location only claims a private key. `locked`: the file has a passphrase. `public-only`: only a public key is
 * there. `agent-silent`: the agent did not sign in time, or somebody declined. `no-ssh-keygen`: the host has none, or
 * one older than 8.1, which does not sign. `not-signed`: ssh-keygen did not sign with the file. `unsupported`:
 * signatures of such a key cannot be verified here. `not-tested`: nothing there was made to sign.
 */
export const ClaimReason = z.enum([
  "locked",
  "public-only",
  "agent-silent",
  "no-ssh-keygen",
  "not-signed",
  "unsupported",
  "not-tested",
]);
export type ClaimReason = z.infer<typeof ClaimReason>;

/**
 * Whether a location has the private key that it shows. `verified`: it signed a nonce of ours with that key. `claimed`:
 * it shows the public key, which anybody can write there. `other-key`: it signed, and the signature is not by the key
 * that it shows.
 */
export const KeyPossession = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("verified") }),
  z.object({ kind: z.literal("claimed"), why: ClaimReason }),
  z.object({ kind: z.literal("other-key") }),
]);
export type KeyPossession = z.infer<typeof KeyPossession>;

/** The host key that we trust for a host, and how it came to be trusted. */
export const Pin = HostKeyView.extend({
  source: z.enum(["accepted", "known_hosts"]),
  pinnedAt: Instant,
});
export type Pin = z.infer<typeof Pin>;

/** A machine as the user named it. What was never read is null, not empty. */
export const HostRow = z.object({
  id: z.int(),
  host: z.string(),
  port: z.int(),
  user: z.string().nullable(),
  /** What the machine calls itself. */
  hostname: z.string().nullable(),
  os: z.string().nullable(),
  /** As whom it was read: root, root by sudo, or an ordinary account. */
  readAs: z.string().nullable(),
  accountCount: z.int(),
  grantCount: z.int(),
  certificateCount: z.int(),
  /** The last probe. */
  state: ProbeState,
  outcome: Outcome,
  message: z.string(),
  lastSeen: Instant,
  /** The last probe that read it, wholly or in part; null before the first one. */
  lastRead: Instant.nullable(),
  /** The standing of the bundle that the host is known from; null where it was read from here, or never. */
  bundleStanding: BundleStandingKind.nullable(),
  findings: z.array(FindingBrief),
});
export type HostRow = z.infer<typeof HostRow>;

/** Something on a host that a scan could not read, and why. */
export const Unreadable = z.object({ what: z.string(), why: z.string() });
export type Unreadable = z.infer<typeof Unreadable>;

export const AccountView = z.object({
  id: z.int(),
  name: z.string(),
  uid: z.int(),
  shell: z.string(),
  passwordState: z.enum(["set", "locked", "none", "unknown"]),
  grantCount: z.int(),
  /** As whom else it may run commands. */
  becomes: z.array(Escalation.omit({ account: true })),
  /** Its agents whose sockets were open when the host was last read. */
  agents: z.array(OpenAgent.omit({ account: true })),
});
export type AccountView = z.infer<typeof AccountView>;

/** A private key found on a host: its public key and what is known of the file, never its bytes. */
export const KeyFileView = z.object({
  id: z.int(),
  path: z.string(),
  owner: z.string(),
  /** Permission bits in octal, four digits: 0600. */
  mode: z.string(),
  format: z.string(),
  keyType: z.string().nullable(),
  keyBits: z.int().nullable(),
  fingerprint: z.string().nullable(),
  /** Null: not known. */
  isEncrypted: z.boolean().nullable(),
  /** How it is encrypted, as far as that stands in clear: "aes256-ctr, bcrypt, 24 rounds". */
  lock: z.string().nullable(),
  /** The key in the .pub file beside it, where it does not show its own: likely, and not verified. */
  likelyFingerprint: z.string().nullable(),
  /** Whether it signed when the host was last scanned, so that it is known to hold the key. */
  possession: KeyPossession,
});
export type KeyFileView = z.infer<typeof KeyFileView>;

export const HostDetail = HostRow.extend({
  kernel: z.string().nullable(),
  sshdVersion: z.string().nullable(),
  /** Seconds that the host's clock is ahead of ours, to the second; null if not read. */
  clockAheadSeconds: z.int().nullable(),
  pin: Pin.nullable(),
  /** The key it presented when it was last refused for its key; null otherwise. */
  refusedKey: HostKeyView.nullable(),
  /** The host keys that signed its last signed bundle, where no probe has reached it; else empty. */
  bundleKeys: z.array(HostKeyView),
  hostKeys: z.array(HostKeyView),
  accounts: z.array(AccountView),
  /** Null: never read. */
  programs: ReadPrograms.nullable(),
  keyFiles: z.array(KeyFileView),
  coverage: z.object({ read: z.array(z.string()), notRead: z.array(Unreadable) }),
  /** The times in which its logs have logins, over all readings. */
  logWindows: z.array(LogWindow),
});
export type HostDetail = z.infer<typeof HostDetail>;
