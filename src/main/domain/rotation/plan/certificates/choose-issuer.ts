import type { Issuer } from "#shared/model/issuer.ts";

type ChosenIssuer = { issuer: Issuer; why: "" } | { issuer: null; why: string };

/** What is known of who may renew a certificate. */
type Known = {
  issuers: readonly Issuer[];
  /** As it was asked for; null: it was not. */
  wished: string | null;
  /** Of the certificate. */
  tags: readonly string[];
  /** The one that renewed it before. */
  before: number | null;
};

const TAG = "issuer.";

/** Who renews a certificate: whoever was named, or its label, or who has done so before. */
export function chooseIssuer({ issuers, wished, tags, before }: Known): ChosenIssuer {
  if (wished !== null) return named(issuers, wished);
  const tag = tags.find((name) => name.startsWith(TAG));
  if (tag !== undefined) return named(issuers, tag.slice(TAG.length), `, which its label ${tag} names`);
  const found = issuers.find(({ id }) => id === before);
  if (found) return { issuer: found, why: "" };
  return none("nobody is known to renew it: name an issuer, or label it issuer.NAME");
}

/** An issuer by its name, or by what it is where there is one alone. */
function named(issuers: readonly Issuer[], text: string, whence = ""): ChosenIssuer {
  const wanted = text.toLowerCase();
  const meant = issuers.find(({ name }) => name.toLowerCase() === wanted);
  if (meant) return { issuer: meant, why: "" };
  const url = /^acme:(?<url>.+)$/.exec(text)?.groups?.url;
  const alike = issuers.filter((one) =>
    url === undefined ? one.kind === wanted : one.kind === "acme" && one.directory === url,
  );
  const [one, ...others] = alike;
  if (one && others.length === 0) return { issuer: one, why: "" };
  if (one) return none(`${alike.length} issuers are meant by ${text}${whence}; name one of them`);
  return none(`there is no issuer ${text}${whence}; add it first (latchkey issuers add)`);
}

const none = (why: string): ChosenIssuer => ({ issuer: null, why });
