import type { Database } from "better-sqlite3";
import { privilegeOf, type RootStanding } from "#shared/model/access/account.ts";
import {
  type AccountRisk,
  composeRisk,
  RecordedRisk,
  type RiskFactor,
  RiskLevel,
  type RiskReasons,
  weightOf,
} from "#shared/model/access/risk.ts";

/** What the row of an account has of its risk; levels count from 1, none, to 4, high. */
export type RiskRow = {
  root: string;
  owner: string;
  entry_least: number;
  entry_most: number;
  exposure_least: number;
  exposure_most: number;
  age_least: number;
  age_most: number;
  opens: number;
  may_open: number;
};

export const RISK_COLUMNS =
  "entry_least, entry_most, exposure_least, exposure_most, age_least, age_most, opens, may_open";

/** The columns of one reading. */
export const toRiskColumns = ({ entry, exposure, age, arePrivateKeysRead, reasons }: RecordedRisk) => ({
  entryLeast: weightOf(entry.level),
  entryMost: weightOf(entry.atMost),
  exposureLeast: weightOf(exposure.level),
  exposureMost: weightOf(exposure.atMost),
  ageLeast: weightOf(age.level),
  ageMost: weightOf(age.atMost),
  isKeysRead: Number(arePrivateKeysRead),
  riskReasons: JSON.stringify(reasons),
});

export const readRisk = (row: RiskRow): AccountRisk =>
  composeRisk(
    {
      entry: toFactor(row.entry_least, row.entry_most),
      exposure: toFactor(row.exposure_least, row.exposure_most),
      age: toFactor(row.age_least, row.age_most),
    },
    {
      privilege: privilegeOf(row.root as RootStanding),
      owner: row.owner,
      opened: toFactor(row.opens, row.may_open),
    },
  );

const toFactor = (least: number, most: number): RiskFactor => ({
  level: levelAt(least),
  atMost: levelAt(most),
});

const levelAt = (weight: number): RiskLevel => RiskLevel.options[weight - 1] ?? "high";

/** `recorded`: the reasons as its last reading left them. */
type ReasonsQuery = { host: number; name: string; owner: string; recorded: string; isKeysRead: number };

/** Reads what the factors of one account are made of. */
export function riskReasonReader(db: Database): (query: ReasonsQuery) => RiskReasons {
  const opened = db.prepare<[number, string], { verified: number | null; claimed: number | null }>(`
    SELECT max(iif(is_verified, account_count, 0)) AS verified, max(account_count) AS claimed
    FROM key_of_account WHERE host = ? AND account = ?`);

  return ({ host, name, owner, recorded, isKeysRead }) => {
    const { entry, exposure, age } = RecordedRisk.shape.reasons.parse(JSON.parse(recorded));
    const row = opened.get(host, name);
    const [verified, claimed] = [row?.verified ?? 0, row?.claimed ?? 0];
    return {
      reach: [
        ...entry,
        ...(verified > 0 ? [{ what: "opens" as const, count: verified, isVerified: true }] : []),
        ...(claimed > verified ? [{ what: "opens" as const, count: claimed, isVerified: false }] : []),
        ...(isKeysRead === 1 ? [] : [{ what: "private-keys-not-read" as const }]),
      ],
      exposure: [...exposure, ...(owner === "" ? [{ what: "no-owner" as const }] : [])],
      age,
    };
  };
}

/**
 * Sets how far the private keys of a host's accounts get. Between two readings a trigger does so, where a key crosses a level
 * (`key_opens_otherwise`).
 */
export function openedWriter(db: Database): (host: number) => void {
  const write = db.prepare(`
    UPDATE account
    SET (opens, may_open) = (
      SELECT ifnull(max(iif(held.is_verified, held.opened, 1)), 1), iif(account.is_keys_read, ifnull(max(held.opened), 1), 4)
      FROM key_of_account AS held WHERE held.host = account.host AND held.account = account.name)
    WHERE account.host = CAST(? AS INTEGER) AND account.gone_scan IS NULL
      AND (account.opens > 1 OR account.may_open <> iif(account.is_keys_read, 1, 4)
        OR EXISTS (
          SELECT 1 FROM key_file
          WHERE key_file.host = account.host AND key_file.owner = account.name AND key_file.gone_scan IS NULL))`);
  return (host) => void write.run(host);
}
