import { placeOf, type Unplannable } from "#domain/rotation/plan/draft.ts";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import type { CertificateChange, PairFile } from "#shared/model/pair.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import { planRenewal } from "./plan-renewal.ts";
import type { RenewalFacts } from "./renewal-facts.ts";

/** The wish that a plan from elsewhere comes to; null where no one wish does. */
export function renewalWishOf({ hosts }: Plan): RenewalWish | null {
  const changes = hosts.flatMap(({ certificates = [] }) => certificates);
  const [first] = changes;
  if (!first) return null;
  const isOne = changes.every(
    ({ issuer, key, challenge }) =>
      issuer.name === first.issuer.name &&
      key.made === first.key.made &&
      JSON.stringify(challenge) === JSON.stringify(first.challenge),
  );
  if (!isOne) return null;
  const kinds = new Set(changes.map(({ key }) => key.kind));
  return {
    kind: "rotate-certificate",
    ...{ certificates: [...new Set(changes.map(({ old }) => old))], endpoints: [], isDue: false },
    ...{ issuer: first.issuer.name, keyKind: kinds.size === 1 ? first.key.kind : null },
    ...{ makesKeyHere: first.key.made === "here", challenge: first.challenge },
    described: describedOf(first),
  };
}

function describedOf({ consumers, files }: CertificateChange): RenewalWish["described"] {
  const described = consumers.find((one) => one.described)?.described;
  const key = files.find(({ holds }) => HAS_KEY.has(holds));
  if (!described || !key) return null;
  const { path: keyFile, passphrase = null, entry = null } = key;
  return { keyFile, ...described, passphrase, entry };
}

const HAS_KEY: ReadonlySet<PairFile["holds"]> = new Set(["key", "key+chain", "pkcs12", "jks"]);

/** The plan that is made of the hosts as they are now, if it changes what the one from elsewhere says. */
export function recheckRenewal(plan: Plan, facts: RenewalFacts): Plan | Unplannable {
  const meant = new Set(plan.hosts.map(placeOf));
  const now = planRenewal({ ...facts, hosts: facts.hosts.filter(({ host }) => meant.has(placeOf(host))) });
  const odd = plan.hosts.find((host) => {
    const found = now.hosts.find((one) => placeOf(one) === placeOf(host));
    return !found || sayChanges(found) !== sayChanges(host);
  });
  if (!odd && now.hosts.length === plan.hosts.length) return now;
  const where = odd ? placeOf(odd) : "a host";
  return { refused: `${where} is not as the plan has it, or the plan was edited; plan it again` };
}

/** What is changed, and nothing of what is only seen. */
const sayChanges = ({ hostKey, certificates = [] }: HostPlan): string =>
  JSON.stringify([hostKey, certificates.map(sayChange)]);

const sayChange = ({ old, names, issuer, key, challenge, files, consumers }: CertificateChange) => ({
  ...{ old, names, issuer: issuer.id, key, challenge, consumers },
  files: files.map(({ path, real, holds, before, passphrase, entry }) => ({
    ...{ path, real, holds, before, passphrase, entry },
  })),
});
