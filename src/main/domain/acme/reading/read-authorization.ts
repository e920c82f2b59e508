import type { AcmeIdentifier, ChallengeType } from "#shared/model/acme.ts";
import { type Broken, broken, fieldsOf, openJson, textOf, urlAt } from "./open-json.ts";
import { readIdentifier } from "./read-order.ts";
import { type AcmeProblem, readProblemFields } from "./read-problem.ts";

/** One way that an authority offers to be convinced, and how far it is. */
export type OfferedChallenge = {
  type: ChallengeType;
  url: string;
  status: "pending" | "processing" | "valid" | "invalid";
  /** Letters, digits, - and _ alone: it becomes the name of a file. */
  token: string;
  problem: AcmeProblem | null;
};

export type Authorization = {
  /** Without `*.`, which `isWildcard` says. */
  identifier: AcmeIdentifier;
  isWildcard: boolean;
  status: "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";
  /** Those of kinds that are known here. */
  challenges: OfferedChallenge[];
};

const TYPES = new Set<unknown>(["http-01", "dns-01", "tls-alpn-01"]);
const STATUSES = new Set<unknown>(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]);
const CHALLENGE_STATUSES = new Set<unknown>(["pending", "processing", "valid", "invalid"]);
const MOST_CHALLENGES = 32;
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;

export function readAuthorization(origin: string, bytes: Uint8Array): Authorization | Broken {
  const fields = openJson(bytes);
  const identifier = readIdentifier(fields?.identifier);
  if (!fields || !identifier) return broken("an authorization does not say for which name it is");
  if (!STATUSES.has(fields.status))
    return broken(`the authorization of ${identifier.value} has no state that is known`);
  const offered = Array.isArray(fields.challenges) ? fields.challenges.slice(0, MOST_CHALLENGES) : [];
  const challenges: OfferedChallenge[] = [];
  for (const value of offered) {
    const challenge = readChallenge(origin, value);
    if (challenge === "broken")
      return broken(`a challenge for ${identifier.value} has no address at ${origin}, or no usable token`);
    if (challenge !== "unknown") challenges.push(challenge);
  }
  return {
    identifier,
    isWildcard: fields.wildcard === true,
    status: fields.status as Authorization["status"],
    challenges,
  };
}

function readChallenge(origin: string, value: unknown): OfferedChallenge | "unknown" | "broken" {
  const fields = fieldsOf(value);
  if (!fields || !TYPES.has(fields.type)) return "unknown";
  const url = urlAt(origin, fields.url);
  const token = textOf(fields.token, 256);
  if (!url || !token || !TOKEN.test(token) || !CHALLENGE_STATUSES.has(fields.status)) return "broken";
  return {
    type: fields.type as ChallengeType,
    url,
    token,
    status: fields.status as OfferedChallenge["status"],
    problem: readProblemFields(fields.error),
  };
}
