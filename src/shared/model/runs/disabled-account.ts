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

/** An account that a run disables: its entry as it was found, and as it becomes. */
export const DisabledAccount = z.object({
  account: z.string(),
  uid: z.int(),
  gid: z.int(),
  home: z.string(),
  before: EntryState,
  after: EntryState,
  /** What ran as it when the plan was made, 50 processes at most. They go on. */
  processes: z.array(AccountProcess),
});
export type DisabledAccount = z.infer<typeof DisabledAccount>;

/** What logs tell of an account since it was disabled: a line of the host's, as it stands there. */
export const AccountUse = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  /** By the host's clock; null: its line has no date that can be read. */
  at: Instant.nullable(),
  line: z.string(),
  /** `journal`; or the path of a file, in which any user of the host may have lines written. */
  source: z.string(),
});
export type AccountUse = z.infer<typeof AccountUse>;

/** What is watched, once accounts are disabled. */
export const AccountWatch = z.object({
  since: Instant,
  /** Until when the logs are watched; later where a use was seen. Past: somebody may decide. */
  until: Instant,
  uses: z.array(AccountUse),
  /** When the logs of each host were read last; null: not since the accounts were disabled. */
  read: z.array(z.object({ host: HostName, port: Port, at: Instant.nullable() })),
});
export type AccountWatch = z.infer<typeof AccountWatch>;
