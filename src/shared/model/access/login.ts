import { z } from "zod";
import { Severity } from "../finding.ts";
import { LoginMethod, type LogWindow, UseEvidence } from "../hosts/host-use.ts";
import { Instant } from "../instant.ts";
import { Total } from "../total.ts";

/** By what somebody logged in: a key, a certificate, or another method of sshd; or became the account, by su. */
export const EntryMethod = z.enum(["publickey", "certificate", ...LoginMethod.options]);
export type EntryMethod = z.infer<typeof EntryMethod>;

/**
 * The logins to one account by one key or method from one address on one day of the host's calendar, as its logs have
 * them. Those that the journal has as well are counted apart: into a plain log any user of the host can have lines
 * written.
 */
export type LoginDay = {
  account: string;
  method: EntryMethod;
  /** The fingerprint of the key, or of the authority; by su, who became it; empty for all others. */
  by: string;
  /** The client's address; empty where it was not kept, and for su. */
  from: string;
  /** Days since the epoch. */
  day: number;
  count: number;
  inJournal: number;
  /** The hours with a login, as bits, by the host's clock. */
  hours: number;
  hoursInJournal: number;
  firstAt: Instant;
  lastAt: Instant;
};

/** What a login stands out by. The ids are promises: commands and scripts name them. */
export const LoginRule = z.enum([
  "login-after-failures",
  "login-by-password",
  "login-new-source",
  "login-after-long",
  "login-new-hour",
]);
export type LoginRule = z.infer<typeof LoginRule>;

/** What a rule has found, beside the account and the times. */
export const LoginFacts = z.discriminatedUnion("rule", [
  /** Passwords that were refused to the same address, each at most a day after the one before. */
  z.object({
    rule: z.literal("login-after-failures"),
    refused: z.int(),
    firstRefusedAt: Instant,
    lastRefusedAt: Instant,
  }),
  /**
   * `keyDays`: the days of the baseline on which keys were used, and no password ever. `locked`: the password is locked, and keys
   * open the account; it was so before the login, or is known to be since.
   */
  z.object({
    rule: z.literal("login-by-password"),
    keyDays: z.int(),
    locked: z.enum(["before", "now"]).nullable(),
  }),
  z.object({
    rule: z.literal("login-new-source"),
    /** The network of the address: a /24 or a /64; the address itself where that is none. Empty: its address was not kept. */
    network: z.string(),
    /** Of some logins of the baseline no address was kept: it may be one of theirs. */
    isBaselinePartial: z.boolean(),
    /** The account was logged in to from other addresses of that network. */
    isNetworkUsual: z.boolean(),
    /** Other accounts of the host were logged in to from that network. */
    isUsualOnHost: z.boolean(),
  }),
  /** `ofMethod`: the account was in use, by other keys or methods than this one. `lastAt` null: none before is known. */
  z.object({ rule: z.literal("login-after-long"), lastAt: Instant.nullable(), ofMethod: z.boolean() }),
  z.object({ rule: z.literal("login-new-hour"), hour: z.int() }),
]);
export type LoginFacts = z.infer<typeof LoginFacts>;

/** A login that stands out, as one reading of the logs shows it. Later ones of the same are one with it. */
export type ObservedLogin = {
  account: string;
  /** Of the account that had the name then, as far as readings show; null where none has listed it. */
  uid: number | null;
  /** What is new, among those of the rule and the account: a network, an hour, a day. */
  subject: string;
  method: EntryMethod;
  by: string;
  from: string;
  firstAt: Instant;
  lastAt: Instant;
  evidence: UseEvidence;
  severity: Severity;
  facts: LoginFacts;
  /** Lines of the log; put together of what was kept of them, but for those of refused passwords. */
  lines: string[];
};

/** The days of a host's calendar, as days since the epoch, of which its baseline is made. */
export const DaySpan = z.object({ from: z.int(), to: z.int() });
export type DaySpan = z.infer<typeof DaySpan>;

/** The baseline is made of so many days that the logs cover. */
export const BASELINE_DAYS = 30;

/** Why an account has a baseline of its own: it was made later than the host was first read, or logs were not read whole. */
export const OwnReason = z.enum(["made-later", "cut"]);
export type OwnReason = z.infer<typeof OwnReason>;

/** An account as the logs and the readings of its host have it: one of the same name and another uid is another one (0085). */
export type NamedAccount = { account: string; uid: number | null };

/** The days of an account's own baseline; of those of the whole host where `account` is empty. `to` null: not enough yet. */
export type OwnBaseline = {
  account: string;
  uid: number | null;
  from: number;
  to: number | null;
  reason: OwnReason;
};

/** By which maps know an account; the empty one is that of the whole host. */
export const keyOfAccount = ({ account, uid }: NamedAccount): string =>
  account === "" ? "" : JSON.stringify([account, uid]);

/**
 * Of one kind of evidence: the days that logins are compared with, of the host and of accounts with days of their own, by
 * `keyOfAccount`. `own` has the host itself under the empty key, while its logs are not read whole.
 */
export type BaselineSpans = { host: DaySpan | null; own: ReadonlyMap<string, OwnBaseline> };

/**
 * From which day on one reading has all logins of an account, or of the whole host, where there were more than could be kept.
 */
export type CompleteSince = { host: number | null; accounts: ReadonlyMap<string, number> };

/** How many of each can be kept where all are at most `most`: whoever has more takes nothing from those who have less. */
export function shareOf(sizes: readonly number[], most: number): number {
  let left = most;
  const inOrder = sizes.toSorted((one, other) => one - other);
  for (const [index, size] of inOrder.entries()) {
    const share = Math.floor(left / (inOrder.length - index));
    if (size > share) return share;
    left -= size;
  }
  return most;
}

/** Of the journal alone, and of all logs together. Null: the logs do not cover enough days yet. */
export type Baselines<Of> = { journal: Of; all: Of };

/** What is known of the logins of a host by all readings before this one, with what the logs cover by this one. */
export type KnownLogins = {
  spans: Baselines<BaselineSpans>;
  /** Until when its logs had been read before this reading. */
  readUntil: Baselines<Instant | null>;
  /** The days of which the baselines are made. */
  baseline: Baselines<readonly LoginDay[]>;
  /** All days until this one: for a baseline that is made now. */
  until: (day: number) => readonly LoginDay[];
  /** On which days each account was logged in to, by each key or method. */
  active: readonly AddressedDay[];
  /** Which accounts have had each name, one after the other. */
  names: ReadonlyMap<string, readonly NameSpan[]>;
  /** Since when the first account of the host is known to be there. */
  hostSince: Instant | null;
  windows: readonly LogWindow[];
};

/**
 * `since`: the first reading that found the name with this uid; null where the name is gone. `lastSeenAt`: the last one. `until`: the
 * same where another uid was found later, and null else; logins after it are those of the next.
 */
export type NameSpan = { uid: number; since: Instant | null; lastSeenAt: Instant; until: Instant | null };

export type ActiveDay = {
  account: string;
  method: EntryMethod;
  by: string;
  day: number;
  lastAt: Instant;
  isInJournal: boolean;
};

/** `addressed`: how many of its logins have an address; of these, how many the journal has. */
export type AddressedDay = ActiveDay & { addressed: number; addressedInJournal: number };

/** The logins of one day, as a list shows them. */
export const LoginRow = z.object({
  id: z.int(),
  host: z.string(),
  port: z.int(),
  account: z.string(),
  /** Of the account, where that is there now. */
  accountId: z.int().nullable(),
  method: EntryMethod,
  by: z.string(),
  from: z.string(),
  /** Of the host's calendar: "2026-11-30". */
  day: z.string(),
  count: z.int(),
  inJournal: z.int(),
  /** Of the host's clock: 0 to 23. */
  hours: z.array(z.int()),
  firstAt: Instant,
  lastAt: Instant,
  /** It is one of the days that later ones are compared with. */
  isInBaseline: z.boolean(),
});
export type LoginRow = z.infer<typeof LoginRow>;

export const LoginAcceptance = z.object({ reason: z.string(), until: z.string(), acceptedAt: Instant });
export type LoginAcceptance = z.infer<typeof LoginAcceptance>;

/** A login that stands out, as a list shows it. */
export const LoginObservation = z.object({
  id: z.int(),
  host: z.string(),
  port: z.int(),
  account: z.string(),
  /** Of the account that had the name then, as far as readings show; null where none has listed it. */
  uid: z.int().nullable(),
  /** Of that account, where it is there now. */
  accountId: z.int().nullable(),
  subject: z.string(),
  method: EntryMethod,
  by: z.string(),
  from: z.string(),
  firstAt: Instant,
  lastAt: Instant,
  evidence: UseEvidence,
  severity: Severity,
  facts: LoginFacts,
  /** What holds now; null where it counts. */
  acceptance: LoginAcceptance.nullable(),
});
export type LoginObservation = z.infer<typeof LoginObservation>;

/** How an account was entered on the days that later ones are compared with. Addresses and methods are the first of all. */
export const LoginBaseline = z.object({
  /** Of the journal alone, or of all logs. */
  evidence: UseEvidence,
  /** Why its days are not those of its host; null where they are. */
  reason: OwnReason.nullable(),
  /** Of some of its logins no address was kept. */
  isPartial: z.boolean(),
  /** Of the host's calendar. */
  from: z.string(),
  to: z.string(),
  loginDays: z.int(),
  count: z.int(),
  addresses: z.array(z.object({ from: z.string(), days: z.int() })),
  methods: z.array(z.object({ method: EntryMethod, by: z.string(), days: z.int() })),
  hours: z.array(z.int()),
});
export type LoginBaseline = z.infer<typeof LoginBaseline>;

export const LoginObservationDetail = LoginObservation.extend({
  /** Empty where none was kept. */
  lines: z.array(z.string()),
  /** What it was compared with; null where it stands out by itself. */
  baseline: LoginBaseline.nullable(),
});
export type LoginObservationDetail = z.infer<typeof LoginObservationDetail>;

/** A host whose logs do not cover the days of a baseline yet: nothing is said to be new there. `isCut`: they were not read whole. */
const LearningHost = z.object({
  host: z.string(),
  port: z.int(),
  days: z.int(),
  isCut: z.boolean(),
});

/** An account whose own baseline has not enough days yet, of a host that has one. */
const LearningAccount = z.object({
  host: z.string(),
  port: z.int(),
  account: z.string(),
  days: z.int(),
  reason: OwnReason,
});

/** What has no baseline yet, which takes `of` days. */
export const Learning = z.object({
  hosts: z.array(LearningHost),
  total: Total,
  accounts: z.array(LearningAccount),
  accountTotal: Total,
  of: z.int(),
});
export type Learning = z.infer<typeof Learning>;
