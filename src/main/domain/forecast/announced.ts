import { PUBLIC_LIMITS } from "#shared/text/public-limit.ts";

/** A step of an announced plan: from this day on, certificates live so many days at the most. */
export type Step = { on: string; days: number; what: string };

/** What all public authorities have to keep to (BR 6.3.2, ballot SC-081v3), the newest first. */
const FOR_ALL: readonly Step[] = PUBLIC_LIMITS.map(({ from, days }) => ({
  on: from.slice(0, 10),
  days,
  what: `public certificates live ${days} days at most`,
}));

/** What Let's Encrypt has announced for its default profile, the newest first. */
const LETS_ENCRYPT: readonly Step[] = [
  { on: "2028-02-16", days: 45, what: "Let's Encrypt issues for 45 days" },
  { on: "2027-02-10", days: 64, what: "Let's Encrypt issues for 64 days" },
];

/** An issuer's name as RFC 2253 writes it. Whether it is theirs is told by the chain, not by the name. */
const IS_LETS_ENCRYPT = /(?:^|,)O=Let's Encrypt(?:,|$)/;

/** All plans that a forecast goes by, in the order of their days. */
export const STEPS: readonly Step[] = [...FOR_ALL, ...LETS_ENCRYPT].toSorted((a, b) =>
  a.on.localeCompare(b.on),
);

/** The steps that an issuer of public certificates has to keep to. */
export const stepsOf = (issuer: string): readonly Step[] =>
  IS_LETS_ENCRYPT.test(issuer) ? [...LETS_ENCRYPT, ...FOR_ALL] : FOR_ALL;
