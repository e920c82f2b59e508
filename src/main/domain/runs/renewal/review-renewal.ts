import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { isDoneHere, isOwnMethod } from "#domain/runs/renewal/choose-issuer.ts";
import { planRenewal } from "#domain/runs/renewal/plan-renewal.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import type { DeploymentFile, Replacement } from "#shared/model/runs/deployment.ts";
import { isSameHost, type RenewalHost, type RenewalPlan } from "#shared/model/runs/plan.ts";
import { formatChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import type { RenewalFacts } from "./renewal-facts.ts";

/** The request that fits one change of an imported plan; null if no request could lead to it. */
export function requestOfChange(change: Replacement): RenewalRequest | null {
  const { old, issuer, key, challenge } = change;
  const request = RenewalRequest.safeParse({
    kind: "rotate-certificate",
    certificates: [old],
    issuer: issuer.name,
    keyKind: key.kind,
    makesKeyHere: key.made === "here",
    challenge,
    described: describedOf(change),
  });
  return request.data ?? null;
}

function describedOf({ services, files }: Replacement): RenewalRequest["described"] {
  const described = services.find((one) => one.described)?.described;
  const key = files.find(({ holds }) => HAS_KEY.has(holds));
  if (!described || !key) return null;
  const { path: keyFile, passphrase = null, entry = null } = key;
  return { keyFile, ...described, passphrase, entry };
}

const HAS_KEY: ReadonlySet<DeploymentFile["holds"]> = new Set(["key", "key+chain", "pkcs12", "jks"]);

/** A plan that is made of the hosts as they are now, if it changes what the imported one says. */
export function reviewRenewal(plan: RenewalPlan, facts: RenewalFacts): RenewalPlan | Unplannable {
  const strange = findStrangeMethod(plan, facts);
  if (strange) return { refused: strange };
  const now = planRenewal({
    ...facts,
    hosts: facts.hosts.filter(({ host }) => plan.hosts.some((one) => isSameHost(one, host))),
  });
  const odd = plan.hosts.find((host) => {
    const found = now.hosts.find((one) => isSameHost(one, host));
    return !found || serializeChanges(found) !== serializeChanges(host);
  });
  if (!odd && now.hosts.length === plan.hosts.length) return now;
  const where = odd ? formatHost(odd) : "a host";
  return { refused: `${where} is not as the plan has it, or the plan was edited; plan it again` };
}

/** An imported plan never decides what this computer itself does for a challenge. */
function findStrangeMethod({ hosts }: RenewalPlan, facts: RenewalFacts): string | null {
  const issuers = facts.hosts.flatMap(({ deployments }) => deployments.flatMap(({ issuer }) => issuer ?? []));
  const strange = hosts
    .flatMap(({ certificates }) => certificates)
    .find(({ issuer: { id }, challenge }) => {
      const issuer = issuers.find((one) => one.id === id) ?? null;
      return isDoneHere(challenge) && !isOwnMethod(challenge, issuer);
    });
  if (!strange?.challenge) return null;
  const { issuer, challenge } = strange;
  return `the plan has names shown to be yours by ${formatChallengeMethod(challenge)}, which the issuer ${issuer.name} is not set to; set it there (latchkey issuers challenge), and plan again`;
}

/** What is changed, and nothing of what is only shown. */
const serializeChanges = ({ hostKey, certificates }: RenewalHost): string =>
  JSON.stringify([hostKey, certificates.map(toComparable)]);

const toComparable = ({ old, names, issuer, key, challenge, files, services }: Replacement) => ({
  old,
  names,
  issuer: issuer.id,
  key,
  challenge,
  services,
  files: files.map(({ path, real, holds, before, passphrase, entry }) => ({
    path,
    real,
    holds,
    before,
    passphrase,
    entry,
  })),
});
