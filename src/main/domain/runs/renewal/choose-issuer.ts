import { type ChallengeFacts, chooseChallengeMethod } from "#domain/acme/challenge-methods.ts";
import { ChallengeMethod, type Issuer } from "#shared/model/issuers/issuer.ts";

type ChosenIssuer = { issuer: Issuer; why: "" } | { issuer: null; why: string };

/** What is known of who may renew a certificate. */
type Known = {
  issuers: readonly Issuer[];
  /** The issuer that the request names; null: it names none. */
  wished: string | null;
  /** Of the certificate. */
  tags: readonly string[];
  /** The one that renewed it before. */
  before: number | null;
};

const TAG = "issuer.";

/** Who renews a certificate: the issuer that the request names, or its label, or the one that has done so before. */
export function chooseIssuer({ issuers, wished, tags, before }: Known): ChosenIssuer {
  if (wished !== null) return named(issuers, wished);
  const tag = tags.find((name) => name.startsWith(TAG));
  if (tag !== undefined) return named(issuers, tag.slice(TAG.length), `, which its label ${tag} names`);
  const found = issuers.find(({ id }) => id === before);
  if (found) return { issuer: found, why: "" };
  return none("nobody is known to renew it: name an issuer, or label it issuer.NAME");
}

/** An issuer by its name, or by its kind if there is only one of that kind. */
function named(issuers: readonly Issuer[], text: string, whence = ""): ChosenIssuer {
  const known = text.toLowerCase();
  const meant = issuers.find(({ name }) => name.toLowerCase() === known);
  if (meant) return { issuer: meant, why: "" };
  const url = /^acme:(?<url>.+)$/.exec(text)?.groups?.url;
  const alike = issuers.filter((one) =>
    url === undefined ? one.kind === known : one.kind === "acme" && one.directory === url,
  );
  const [one, ...others] = alike;
  if (one && others.length === 0) return { issuer: one, why: "" };
  if (one) return none(`${alike.length} issuers are meant by ${text}${whence}; name one of them`);
  return none(`there is no issuer ${text}${whence}; add it first (latchkey issuers add)`);
}

const none = (why: string): ChosenIssuer => ({ issuer: null, why });

type ChosenChallenge = { method: ChallengeMethod; why: "" } | { method: null; why: string };

/** The one challenge method for all names of a certificate; or why there is none. */
export function chooseChallenge(names: readonly string[], facts: ChallengeFacts | null): ChosenChallenge {
  const choices = names.map((name) => ({ name, ...chooseChallengeMethod({ name, facts, configured: [] }) }));
  const [first, ...others] = choices;
  const has = (methods: readonly { method: ChallengeMethod }[], name: ChallengeMethod) =>
    methods.some(({ method }) => JSON.stringify(method) === JSON.stringify(name));
  const common = first?.methods.find(({ method }) => others.every(({ methods }) => has(methods, method)));
  if (common) return { method: common.method, why: "" };
  const stuck = choices.find(({ methods }) => methods.length === 0);
  if (!stuck) return { method: null, why: "no one method fits all of its names" };
  const whys = stuck.not.map(({ kind, why }) => `${kind}: ${why}`).join("; ");
  return { method: null, why: `${stuck.name} cannot be shown to be ours (${whys})` };
}

/** Whether this computer runs a program for it, or sends what only the vault knows. */
export const isDoneHere = (method: ChallengeMethod | null): boolean =>
  method?.kind === "dns-hook" || method?.kind === "rfc2136";

/** Whether the issuer is configured with it; the request may name another. */
export const isOwnMethod = (method: ChallengeMethod | null, issuer: Issuer | null): boolean =>
  issuer?.kind === "acme" && toText(method) === toText(issuer.challenge);

const toText = (method: ChallengeMethod | null): string =>
  JSON.stringify(method && ChallengeMethod.parse(method));
