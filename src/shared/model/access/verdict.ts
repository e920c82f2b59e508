import { z } from "zod";
import { UseEvidence } from "../hosts/host-use.ts";
import { Instant } from "../instant.ts";

/** A program that writes a line of an authorized_keys file, and would undo what is changed in it by hand. */
export const ManagedBy = z.object({
  by: z.string(),
  /** The evidence: a comment in the file, the line itself, or where the file's links lead. Written by strangers. */
  evidence: z.string(),
  /** How a change here is undone, and what to change instead: a sentence. */
  isUndone: z.string(),
  /** False where the mark covers the whole file, and the line in it may be anybody's. */
  isCertain: z.boolean(),
});
export type ManagedBy = z.infer<typeof ManagedBy>;

/** What was read to reach a verdict and what could not be, in words: shown beside every verdict. */
export const Coverage = z.object({ read: z.array(z.string()), notRead: z.array(z.string()) });
export type Coverage = z.infer<typeof Coverage>;

/**
 * What a login by the grant gets: a shell, one command and no other, files by SFTP, or forwarded connections. A shell
 * gives commands and SFTP with it.
 */
export const Gift = z.enum(["shell", "command", "sftp", "forwarding"]);
export type Gift = z.infer<typeof Gift>;

/** Would sshd accept this line for this account now, from at least one address? */
export const Effective = z.object({
  state: z.enum(["yes", "no", "unknown"]),
  /** Sentences; for `no` and `unknown` the first names what decides or what was not read. */
  reasons: z.array(z.string()),
  coverage: Coverage,
  /** What restricts it to addresses (`from=`, `user@host` patterns). It is not a `no`. */
  onlyFrom: z.array(z.string()),
  /** Empty for a `no`, and where it is not known. */
  gives: z.array(Gift).default([]),
  /** The one setting that decides against it, where without that setting it would be `yes`; null otherwise. */
  dormant: z.string().nullable().default(null),
});
export type Effective = z.infer<typeof Effective>;

export const Owner = z.object({
  state: z.enum(["known", "gone", "unknown"]),
  /** A person of the people source, or the program that manages the line; null where neither is known. */
  who: z.string().nullable().default(null),
  /** A private key of the key is known: a key file on a host or on this computer, or a key of an agent. */
  isMatched: z.boolean().default(false),
  /** Which program wrote the line and would undo a change in it; it says nothing about who holds the key. */
  managedBy: ManagedBy.nullable().default(null),
  reasons: z.array(z.string()),
  coverage: Coverage,
});
export type Owner = z.infer<typeof Owner>;

export const Use = z.object({
  state: z.enum(["used", "unused", "unknown"]),
  /** The last login in a log, and its address; null for none. */
  at: Instant.nullable().default(null),
  from: z.string().nullable().default(null),
  /** Logins in the logs, in the time that they cover. */
  count: z.int().default(0),
  /** What kind of log shows the state; null where nothing is known. Where both show the same, the stronger. */
  evidence: UseEvidence.nullable().default(null),
  reasons: z.array(z.string()),
  coverage: Coverage,
});
export type Use = z.infer<typeof Use>;

export const Verdict = z.object({ effective: Effective, owner: Owner, use: Use });
export type Verdict = z.infer<typeof Verdict>;
