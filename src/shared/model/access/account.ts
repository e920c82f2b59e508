import { z } from "zod";
import { FindingBrief } from "../finding.ts";
import { Keytab, SetuidProgram } from "../hosts/host-programs.ts";
import { Escalation, OpenAgent } from "../hosts/host-reach.ts";
import { LoginMethod, LogWindow } from "../hosts/host-use.ts";
import { Instant } from "../instant.ts";
import { Approval } from "./change.ts";
import { LoginBaseline } from "./login.ts";
import { PasswordAge } from "./password-age.ts";
import { AccountRisk, NO_RISK, type RecordedRisk, type RiskFactor, RiskReasons } from "./risk.ts";
import { Workload } from "./workload.ts";

/**
 * `person`: somebody logs in as themselves. `service`: something of the host runs as it. `bot`: something elsewhere logs
 * in as it. `system`: the operating system's own, which nobody enters.
 */
export const AccountKind = z.enum(["person", "service", "bot", "system", "unknown"]);
export type AccountKind = z.infer<typeof AccountKind>;

/** What shows of which kind an account is, or speaks against it. */
export const KindReason = z.discriminatedUnion("what", [
  z.object({ what: z.literal("root") }),
  z.object({ what: z.literal("nobody") }),
  /**
   * Its uid is below the first of ordinary users, `first`, or is theirs; `isAbove`: above `last`, as directories give
   * them. `systemLast`: up to which uid the system keeps them for itself. Null: the host does not say.
   */
  z.object({
    what: z.literal("number"),
    isOrdinary: z.boolean(),
    isAbove: z.boolean(),
    first: z.int(),
    last: z.int().nullable(),
    systemLast: z.int().nullable(),
  }),
  z.object({ what: z.literal("shell"), shell: z.string(), isLogin: z.boolean() }),
  z.object({ what: z.literal("password"), state: z.enum(["set", "locked", "none", "unknown"]) }),
  /** The first thing that runs as it, by its name or path, and how many there are. */
  z.object({
    what: z.literal("runs"),
    kind: z.enum(["unit", "cron", "at", "process"]),
    name: z.string(),
    count: z.int(),
  }),
  /** How many keys may open it, and how many of these for one command alone. */
  z.object({ what: z.literal("keys"), count: z.int(), forced: z.int() }),
  /** All its keys are one person's, as people sources have them; `isUsed`: a log has logins by these, and by no other key. */
  z.object({ what: z.literal("one-person"), person: z.string(), isUsed: z.boolean() }),
  /** Its keys are of so many persons; `isAll`: there is none that is not known to be somebody's. */
  z.object({ what: z.literal("several-people"), count: z.int(), isAll: z.boolean() }),
  z.object({ what: z.literal("workloads-not-read") }),
  z.object({ what: z.literal("keys-not-read") }),
  /** A part of its name that is common for what runs by itself. */
  z.object({ what: z.literal("name"), word: z.string() }),
]);
export type KindReason = z.infer<typeof KindReason>;

export const PasswordState = z.enum(["set", "locked", "none", "unknown"]);
export type PasswordState = z.infer<typeof PasswordState>;

/**
 * Whether an account is as good as root: by its number, or by a rule of sudo or doas. `maybe`: not for certain. In the
 * order in which lists have them, which is that of `root_rank` in schema.sql.
 */
export const RootStanding = z.enum(["is-root", "becomes-root", "maybe", "unknown", "no"]);
export type RootStanding = z.infer<typeof RootStanding>;

/** What keeps everybody out of an account whom it let in before. */
export const Disabling = z.enum(["expired", "password-locked", "no-login-shell"]);
export type Disabling = z.infer<typeof Disabling>;

/** `since`: the first reading that showed it; it may have been done earlier. */
export const Disabled = z.object({ by: Disabling, since: Instant });
export type Disabled = z.infer<typeof Disabled>;

/** What earlier readings of its host know of an account. `passwordState`: the last one that could be read. */
export type KnownAccount = {
  uid: number;
  shell: string;
  passwordState: PasswordState;
  disabled: readonly Disabled[];
  firstSeen: Instant;
};

/** A login of a host as a reading of that shows it. `workloads`: the first of `workloadCount`. */
export type HostAccount = {
  name: string;
  uid: number;
  shell: string;
  home: string;
  groups: string[];
  passwordState: PasswordState;
  /** Null: not read, for it takes root. */
  passwordAge: PasswordAge | null;
  kind: AccountKind;
  reasons: KindReason[];
  root: RootStanding;
  /** Whether it becomes root, or may, by what anybody there sees, whatever rules could not be read. */
  isEscalationShown: boolean;
  workloads: Workload[];
  workloadCount: number;
  /** Its grants that let somebody in, or may. */
  grantCount: number;
  lastLoginAt: Instant | null;
  disabled: readonly Disabled[];
};

export type RatedAccount = HostAccount & { risk: RecordedRisk };

/** What the standing makes of the risk of an account. */
export const privilegeOf = (root: RootStanding): RiskFactor => PRIVILEGES[root];

const PRIVILEGES: Record<RootStanding, RiskFactor> = {
  "is-root": { level: "high", atMost: "high" },
  "becomes-root": { level: "high", atMost: "high" },
  maybe: { level: "none", atMost: "high" },
  unknown: { level: "none", atMost: "high" },
  no: NO_RISK,
};

/** A login of a host, with what is known of it. */
export const AccountRow = z.object({
  id: z.int(),
  host: z.string(),
  port: z.int(),
  name: z.string(),
  uid: z.int(),
  shell: z.string(),
  passwordState: PasswordState,
  /** Null: not read, for it takes root. */
  passwordAge: PasswordAge.nullable(),
  kind: AccountKind,
  /** What decided first. */
  reasons: z.array(KindReason),
  /** Its grants that let somebody in, or may. */
  grantCount: z.int(),
  /** Authorities of sshd whose certificates let somebody in, or may. */
  authorityCount: z.int(),
  root: RootStanding,
  workloadCount: z.int(),
  /**
   * When the reading began that kind, root, keys, password and what runs are of. By root it may be an earlier one than
   * the last: what root saw stays.
   */
  evaluatedAt: Instant,
  isByRoot: z.boolean(),
  /** The last login that the logs of its host have, by key or as lastlog has it; null where none has one. */
  lastLoginAt: Instant.nullable(),
  /** Who was said to answer for it, or else for its host; empty for nobody. */
  owner: z.string(),
  /** So, too: empty where nothing is said, and where what is said differs. */
  purpose: z.string(),
  environment: z.string(),
  reviewOn: z.string().nullable(),
  firstSeen: Instant,
  lastSeen: Instant,
  /** It was not there at the baseline, and nobody has approved it since. */
  isUnapproved: z.boolean(),
  /** Without those that are accepted. */
  findings: z.array(FindingBrief),
  risk: AccountRisk,
});
export type AccountRow = z.infer<typeof AccountRow>;

export const AccountDetail = AccountRow.extend({
  hostId: z.int(),
  /** A later reading of its host did not find it: the rest is as it was last seen. */
  isGone: z.boolean(),
  /** The one that holds; null where nobody has approved it. */
  approval: Approval.nullable(),
  home: z.string(),
  groups: z.array(z.string()),
  /** The first of `workloadCount`. */
  workloads: z.array(Workload),
  /** Setuid programs of its own: whoever starts one runs it as this account. */
  setuidPrograms: z.array(SetuidProgram),
  /** False: its host may have more of them, or they were never looked for. */
  isSetuidWhole: z.boolean(),
  /** Of root: the host's; null where one could not be read. */
  keytabs: z.array(Keytab).nullable(),
  /** As whom it may run commands, and who may as it. */
  becomes: z.array(Escalation),
  becomeIt: z.array(Escalation),
  agents: z.array(OpenAgent),
  /** Whose certificates let somebody in, or may, with the last login by one that a log has. */
  authorities: z.array(
    z.object({
      fingerprint: z.string(),
      keyType: z.string(),
      comment: z.string(),
      file: z.string(),
      line: z.int(),
      /** A certificate must name one of these; empty where a command decides. */
      principals: z.array(z.string()),
      state: z.enum(["yes", "unknown"]),
      lastAt: Instant.nullable(),
      lastFrom: z.string().nullable(),
      count: z.int(),
    }),
  ),
  /** Logins by key over all readings, the latest first. */
  logins: z.array(
    z.object({
      fingerprint: z.string(),
      isAuthority: z.boolean(),
      lastAt: Instant,
      lastFrom: z.string().nullable(),
      count: z.int(),
    }),
  ),
  /** Logins by other means, and who became it by su, the latest first. */
  others: z.array(
    z.object({
      method: LoginMethod,
      by: z.string(),
      lastAt: Instant,
      lastFrom: z.string().nullable(),
      count: z.int(),
    }),
  ),
  logWindows: z.array(LogWindow),
  /** What its logins are compared with; null while the logs do not cover enough days. */
  baseline: LoginBaseline.nullable(),
  /** What the factors of its risk are made of; its privilege is made of `root`. */
  riskReasons: RiskReasons,
});
export type AccountDetail = z.infer<typeof AccountDetail>;
