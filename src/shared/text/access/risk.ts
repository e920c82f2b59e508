import type { RootStanding } from "../../model/access/account.ts";
import {
  type AccountRisk,
  RISK_FACTORS,
  type RiskFactor,
  type RiskFactorName,
  type RiskReason,
} from "../../model/access/risk.ts";
import { assertNever } from "../../model/assert-never.ts";
import { formatCount } from "../count.ts";

/** What each factor is about, as a hint says it. */
export const FACTOR_MEANINGS: Record<RiskFactorName, string> = {
  reach: "how it is entered, and what can be entered from it",
  privilege: "whether it becomes root",
  exposure: "how easily somebody else gets in",
  age: "how long its credentials have stood",
};

/** A level; where it is not known, what it may be at most. */
export function formatFactor({ level, atMost }: RiskFactor): string {
  if (level === atMost) return level;
  return level === "none" ? `unknown, ${atMost} at most` : `unknown, ${level} to ${atMost}`;
}

/** All factors, never a number. */
export const formatRisk = (risk: AccountRisk): string =>
  RISK_FACTORS.map((name) => `${name} ${formatFactor(risk[name])}`).join("; ");

export const describePrivilege = (root: RootStanding): string => PRIVILEGES[root];

const PRIVILEGES: Record<RootStanding, string> = {
  "is-root": "it is root: its uid is 0",
  "becomes-root": "it becomes root by sudo, doas, a group or another account",
  maybe: "it may become root: that depends on what is not known",
  unknown: "whether it becomes root is not known: not all rules were read",
  no: "no rule and no group makes it root",
};

/** One thing that a factor is made of. */
export function formatRiskReason(reason: RiskReason): string {
  switch (reason.what) {
    case "keys":
      return `${formatCount(reason.count, "key")} let somebody in, or may`;
    case "keys-not-read":
      return "its authorized keys were not read";
    case "certificates":
      return "certificates of an authority open it, or may";
    case "opens":
      return reason.isVerified
        ? `a private key of its own opens ${formatCount(reason.count, "account")}, or may`
        : `a private key file of its own claims to open ${formatCount(reason.count, "account")}`;
    case "private-keys-not-read":
      return "not every place of its private keys was read";
    case "password":
      return PASSWORDS[reason.state];
    case "from-anywhere":
      return `${formatCount(reason.count, "grant")} of a shell from any address`;
    case "open-key-files":
      return `${formatCount(reason.count, "private key file")} without a passphrase${reason.isReadableByOthers ? " that others can read" : ""}`;
    case "addresses":
      return `logins from ${formatCount(reason.count, "address", "addresses")}${reason.isSure ? "" : ", by plain files alone"}`;
    case "no-owner":
      return "nobody answers for it";
    case "oldest-key":
      return `its oldest key has stood since ${reason.since.slice(0, 10)}, or longer`;
    case "password-since":
      return `its password was last set on ${reason.since.slice(0, 10)}`;
    case "age-not-known":
      return "of some of its keys, its certificates or its password it is not known since when they have stood";
    case "unused-keys":
      return `${formatCount(reason.count, "key")} without use in 90 days that logs cover`;
    default:
      return assertNever(reason);
  }
}

const PASSWORDS: Record<Extract<RiskReason, { what: "password" }>["state"], string> = {
  set: "a password is set; whether sshd accepts it is not evaluated",
  none: "its password is empty",
  unknown: "its password was not read",
};
