import { z } from "zod";
import { Severity } from "../finding.ts";
import { LoginMethod, type LogWindow, UseEvidence } from "../hosts/host-use.ts";
import { Instant } from "../instant.ts";

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
  z.object({ rule: z.literal("login-by-password"), keyDays: z.int() }),
  z.object({
    rule: z.literal("login-new-source"),
    /** The network of the address: a /24 or a /64; the address itself where that is none. */
    network: z.string(),
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
  /** Lines of the log, as the host wrote them. */
  lines: string[];
};

/** The days of a host's calendar, as days since the epoch, of which its baseline is made. */
export const DaySpan = z.object({ from: z.int(), to: z.int() });
export type DaySpan = z.infer<typeof DaySpan>;

/** The baseline is made of so many days that the logs cover. */
export const BASELINE_DAYS = 30;

/** Of the journal alone, and of all logs together. Null: the logs do not cover enough days yet. */
export type Baselines<Of> = { journal: Of; all: Of };

/** What is known of the logins of a host by all readings before this one, with what the logs cover by this one. */
export type KnownLogins = {
  spans: Baselines<DaySpan | null>;
  /** The days of which the baselines are made. */
  baseline: Baselines<readonly LoginDay[]>;
  /** All days until this one: for a baseline that is made now. */
  until: (day: number) => readonly LoginDay[];
  /** On which days each account was logged in to, by each key or method. */
  active: readonly ActiveDay[];
  /** Since when each account is known to be there. */
  since: ReadonlyMap<string, Instant>;
  windows: readonly LogWindow[];
};

export type ActiveDay = {
  account: string;
  method: EntryMethod;
  by: string;
  day: number;
  isInJournal: boolean;
};

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
  /** As the host wrote them; empty where none was kept. */
  lines: z.array(z.string()),
  /** What it was compared with; null where it stands out by itself. */
  baseline: LoginBaseline.nullable(),
});
export type LoginObservationDetail = z.infer<typeof LoginObservationDetail>;

/** A host whose logs do not cover the days of a baseline yet: nothing is said to be new there. */
export const LearningHost = z.object({ host: z.string(), port: z.int(), days: z.int() });
export type LearningHost = z.infer<typeof LearningHost>;
