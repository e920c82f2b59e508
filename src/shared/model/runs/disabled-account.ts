import { z } from "zod";
import { HostName, Port } from "../hosts/target.ts";
import { Instant } from "../instant.ts";

/** Of which class the password of an account is; never more of it. `locked`: the mark `!` stands before its hash. */
export const PasswordClass = z.enum(["none", "locked", "starred", "set"]);
export type PasswordClass = z.infer<typeof PasswordClass>;

/** What decides in an account's entry whether it can log in. `expires`: days since 1970; null: it does not. */
export const EntryState = z.object({
  shell: z.string(),
  password: PasswordClass,
  expires: z.int().min(0).nullable(),
});
export type EntryState = z.infer<typeof EntryState>;

/** The day on which a disabled account has expired: 2 January 1970. 0 would mean "never" to some programs. */
export const EXPIRED_DAY = 1;

/** A process that runs as an account. `unit`: the unit or the session that it is of; empty: not known. */
export const AccountProcess = z.object({ pid: z.int(), command: z.string(), unit: z.string() });
export type AccountProcess = z.infer<typeof AccountProcess>;

/** Who an account is on its host: of one that was made anew the number, the group or the home is another. */
export const AccountIdentity = z.object({
  account: z.string(),
  uid: z.int(),
  gid: z.int(),
  home: z.string(),
});
export type AccountIdentity = z.infer<typeof AccountIdentity>;

/** An account that a run disables: its entry as it was found, and as it becomes. */
export const DisabledAccount = AccountIdentity.extend({
  before: EntryState,
  after: EntryState,
  /** What ran as it when the plan was made, 50 processes at most. They go on. */
  processes: z.array(AccountProcess),
});
export type DisabledAccount = z.infer<typeof DisabledAccount>;

/** A line of a file of accounts that goes, or becomes another one. Of a password it has the class alone. */
export const EntryLine = z.object({
  file: z.string(),
  line: z.string(),
  /** Null: it goes. */
  becomes: z.string().nullable(),
  /** The bytes of the line are no UTF-8: each of them is one character, as in ISO 8859-1. */
  isLatin1: z.boolean().default(false),
});
export type EntryLine = z.infer<typeof EntryLine>;

/** An account whose entry a run removes, once it was disabled. */
export const RemovedAccount = AccountIdentity.extend({
  /** Its entry until then. */
  state: EntryState,
  lines: z.array(EntryLine),
  /** What it has beside its lines, with the number of its owner; null: a line of that file names it. All of it stays. */
  stays: z.array(z.object({ path: z.string(), uid: z.int().nullable() })),
});
export type RemovedAccount = z.infer<typeof RemovedAccount>;

/** What logs tell of an account since it was disabled, a use or a try: a line of the host's, as it stands there. */
export const AccountUse = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  /** By the host's clock; null: its line has no date that can be read. */
  at: Instant.nullable(),
  line: z.string(),
  /** `journal`; or the path of a file, in which any user of the host may have lines written. */
  source: z.string(),
  /** It was refused, or typed, by somebody who need not be of the account: a stranger can bring it about. */
  isTry: z.boolean().default(false),
});
export type AccountUse = z.infer<typeof AccountUse>;

/** What is watched, once accounts are disabled. */
export const AccountWatch = z.object({
  since: Instant,
  /** Until when the logs are watched; later where a use was seen. Past: somebody may decide. */
  until: Instant,
  uses: z.array(AccountUse),
  /** What a stranger can bring about: it lengthens nothing. */
  tries: z.array(AccountUse),
  /** When the logs of each host were read to their end last; null: not since the accounts were disabled. */
  read: z.array(z.object({ host: HostName, port: Port, at: Instant.nullable() })),
  /** The run that removes them, or has removed them and can still be undone; null: nothing is decided. */
  removedBy: z.int().nullable(),
});
export type AccountWatch = z.infer<typeof AccountWatch>;
