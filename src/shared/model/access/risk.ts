import { z } from "zod";
import { Instant } from "../instant.ts";

export const RiskLevel = z.enum(["none", "low", "medium", "high"]);
export type RiskLevel = z.infer<typeof RiskLevel>;

/**
 * How high a factor is known to be, and how high it may be by all that was not read. It is unknown where these differ.
 */
export const RiskFactor = z.object({ level: RiskLevel, atMost: RiskLevel });
export type RiskFactor = z.infer<typeof RiskFactor>;

export const RISK_FACTORS = ["reach", "privilege", "exposure", "age"] as const;
export type RiskFactorName = (typeof RISK_FACTORS)[number];

/** What makes an account dangerous: whoever has it gets so far, may do so much, gets in so easily, by what is so old. */
export const AccountRisk = z.object({
  reach: RiskFactor,
  privilege: RiskFactor,
  exposure: RiskFactor,
  age: RiskFactor,
});
export type AccountRisk = z.infer<typeof AccountRisk>;

/** One thing that a factor is made of. */
export const RiskReason = z.discriminatedUnion("what", [
  /** Keys that let somebody in, or may. */
  z.object({ what: z.literal("keys"), count: z.int() }),
  /** Its file of keys, or its home, could not be read. */
  z.object({ what: z.literal("keys-not-read") }),
  z.object({ what: z.literal("certificates") }),
  /** Into how many accounts the private key of its own lets that lets into the most; verified: the file was seen to sign. */
  z.object({ what: z.literal("opens"), count: z.int(), isVerified: z.boolean() }),
  z.object({ what: z.literal("private-keys-not-read") }),
  z.object({ what: z.literal("password"), state: z.enum(["set", "none", "unknown"]) }),
  /** Grants of shells that any address may use. */
  z.object({ what: z.literal("from-anywhere"), count: z.int() }),
  /** Private keys of its own without a passphrase, and whether others can read them. */
  z.object({ what: z.literal("open-key-files"), count: z.int(), isReadableByOthers: z.boolean() }),
  /** Addresses from which somebody has logged in, as far as they were kept. `isSure`: enough of them are in a journal. */
  z.object({ what: z.literal("addresses"), count: z.int(), isSure: z.boolean() }),
  z.object({ what: z.literal("no-owner") }),
  /** The oldest key that lets somebody in is known to have stood since then. It may be older. */
  z.object({ what: z.literal("oldest-key"), since: Instant }),
  /** Its password was last set then. */
  z.object({ what: z.literal("password-since"), since: Instant }),
  /** Of some of its keys, its certificates or its password. */
  z.object({ what: z.literal("age-not-known") }),
  /** Keys that no log of the last 90 days shows in use, and the logs reach as far. */
  z.object({ what: z.literal("unused-keys"), count: z.int() }),
]);
export type RiskReason = z.infer<typeof RiskReason>;

/** What the factors are made of; privilege is made of how an account stands to root. */
export const RiskReasons = z.object({
  reach: z.array(RiskReason),
  exposure: z.array(RiskReason),
  age: z.array(RiskReason),
});
export type RiskReasons = z.infer<typeof RiskReasons>;

/** What one reading of a host shows of the risk of an account; the rest changes with other hosts and with what people label. */
export const RecordedRisk = z.object({
  /** How it is entered. */
  entry: RiskFactor,
  exposure: RiskFactor,
  age: RiskFactor,
  arePrivateKeysRead: z.boolean(),
  reasons: z.object({
    entry: z.array(RiskReason),
    exposure: z.array(RiskReason),
    age: z.array(RiskReason),
  }),
});
export type RecordedRisk = z.infer<typeof RecordedRisk>;

/** What a reading shows of the factors. */
type ShownFactors = { entry: RiskFactor; exposure: RiskFactor; age: RiskFactor };

/** What a risk hangs on beside the reading of its own host. */
export type RiskSurroundings = {
  privilege: RiskFactor;
  /** Empty for nobody. */
  owner: string;
  /** How far its private keys get, by what is verified of them and by what they claim. */
  opened: RiskFactor;
};

export const NO_RISK: RiskFactor = { level: "none", atMost: "none" };

/** The factors of an account. `risk_order` of the schema goes by the same rules (0080). */
export const composeRisk = (
  { entry, exposure, age }: ShownFactors,
  { privilege, owner, opened }: RiskSurroundings,
): AccountRisk => ({
  reach: highest(entry, opened),
  privilege,
  exposure: highest(exposure, owner === "" ? UNOWNED : NO_RISK),
  age,
});

/**
 * The order of risks: by the product of what the factors are at most, and among equal ones by the product of what they are
 * known to be. Each level counts for one more than the one below, from 1 on.
 */
export const rankOf = (risk: AccountRisk): number =>
  productOf(risk, "atMost") * 1_000 + productOf(risk, "level");

const productOf = (risk: AccountRisk, of: keyof RiskFactor): number =>
  RISK_FACTORS.reduce((product, name) => product * weightOf(risk[name][of]), 1);

export const weightOf = (level: RiskLevel): number => RiskLevel.options.indexOf(level) + 1;

/** The higher of two, in what is known as in what may be. */
export const highest = (one: RiskFactor, other: RiskFactor): RiskFactor => ({
  level: higher(one.level, other.level),
  atMost: higher(one.atMost, other.atMost),
});

const higher = (one: RiskLevel, other: RiskLevel): RiskLevel =>
  weightOf(one) < weightOf(other) ? other : one;

const UNOWNED: RiskFactor = { level: "medium", atMost: "medium" };
