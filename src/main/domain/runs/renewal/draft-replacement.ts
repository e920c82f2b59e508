import { formatPurpose, PURPOSE } from "#domain/issuing/issued-checks.ts";
import { isAddress } from "#shared/model/hosts/target.ts";
import type { IssuerKind } from "#shared/model/issuers/issuer.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import type { DeploymentFile, Narrower, Replacement } from "#shared/model/runs/deployment.ts";
import type { DeploymentFacts, DeploymentFileFacts, RenewalFacts } from "./renewal-facts.ts";

/** A certificate as people know it. */
export const formatDeployment = ({
  subject,
  names,
  sha256,
}: Pick<DeploymentFacts, "subject" | "names" | "sha256">): string =>
  subject || bare(names)[0] || `certificate ${sha256.slice(0, 12)}...`;

/** The replacement of a certificate; or why it stays as it is, as a phrase. */
export function draftReplacement(
  facts: RenewalFacts,
  deployment: DeploymentFacts,
  nth: number,
): Replacement | string {
  const { issuer, challenge, request = facts.request } = deployment;
  const stuck = deployment.obstacle ?? deployment.files.map(stuckOf).find((why) => why !== null);
  if (stuck) return stuck;
  if (!issuer) return deployment.whyNoIssuer;
  const names = bare(deployment.names);
  if (names.length === 0) return "it has no names that a new one could be asked for with";
  if (issuer.kind === "acme" && challenge === null)
    return `${deployment.whyNoChallenge || "how the issuer's challenges are to be answered is not known"}; say how by --challenge, or set it at the issuer ${issuer.name}`;
  const narrower = findNarrower(deployment, issuer.kind).map(({ how }) => how);
  return {
    id: `c${nth}`,
    old: deployment.sha256 as Replacement["old"],
    subject: deployment.subject,
    names,
    notAfter: deployment.notAfter,
    ...(isForClients(deployment) && { forClients: true }),
    ...(narrower.length > 0 && { narrower }),
    issuer: { id: issuer.id, name: issuer.name, kind: issuer.kind },
    trust: deployment.trust,
    key: {
      kind: request.keyKind ?? kindOf(deployment),
      made: request.makesKeyHere ? "here" : "there",
    },
    challenge: issuer.kind === "acme" ? challenge : null,
    files: deployment.files.flatMap(({ path, real, holds, stat }): DeploymentFile[] =>
      stat ? [{ path, real, holds, ...stat }] : [],
    ),
    services: [...deployment.services],
    verificationEndpoints: deployment.verificationEndpoints
      .filter(({ isOthers, unreadable }) => !isOthers && unreadable === null)
      .map(({ unreadable: _, isOthers: __, ...verification }) => verification),
  };
}

function stuckOf({ path, refusal, stat, managed, heldBy }: DeploymentFileFacts): string | null {
  if (refusal !== null) return refusal;
  if (stat === null) return `${path} is not there any more; scan the host again`;
  if (managed)
    return `${path} is renewed by ${managed.by}${managed.command === "" ? "" : ` (${managed.command})`}`;
  return heldBy === null ? null : `another run has ${path}: resume it, or roll it back`;
}

/** Without `DNS:` and `IP:`; a server is asked for names of no other kind. */
export const bare = (names: readonly string[]): string[] =>
  names.flatMap((name) => /^(?:DNS|IP):(?<name>.+)$/.exec(name)?.groups?.name ?? []);

/** The kind of the old key, or the nearest kind that issuers sign. */
function kindOf({ keyType, keyBits, curve }: DeploymentFacts): KeyKind {
  if (keyType === "EC") return curve === "P-384" ? "p384" : "p256";
  if (!keyType.startsWith("RSA")) return "p256";
  const bits = keyBits ?? 0;
  if (bits <= 2_048) return "rsa-2048";
  return bits <= 3_072 ? "rsa-3072" : "rsa-4096";
}

type Old = Pick<DeploymentFacts, "names" | "purposes">;

/** Such a certificate is shown to other servers, too; the request asks for that usage. */
export const isForClients = ({ purposes }: Old): boolean => purposes?.includes(PURPOSE.client) ?? false;

const ANY_PURPOSE = "2.5.29.37.0";

/** What the new certificate may lack that the old one has, with the words for it. */
export function findNarrower(old: Old, issuer: IssuerKind): { how: Narrower; words: string }[] {
  const names = old.names.filter((name) => !isAskable(name));
  // An authority of our own signs what is requested; public ones sign for servers alone.
  const signed = new Set<string>([
    PURPOSE.server,
    ANY_PURPOSE,
    ...(issuer === "local" ? [PURPOSE.client] : []),
  ]);
  const purposes = (old.purposes ?? []).filter((oid) => !signed.has(oid));
  return [
    ...(names.length > 0
      ? [{ how: "names-fewer" as const, words: `is not for ${formatOdd(names)}, which cannot be asked for` }]
      : []),
    ...(purposes.length > 0
      ? [
          {
            how: "purpose-narrower" as const,
            words: `may not be for ${purposes.map(formatPurpose).join(", ")}, which its issuer decides`,
          },
        ]
      : []),
  ];
}

const NAMES_LISTED = 5;

/** With their kinds, which are the unusual thing about them. */
function formatOdd(names: readonly string[]): string {
  const more = names.length - NAMES_LISTED;
  return `${names.slice(0, NAMES_LISTED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** An address among the DNS names is requested as an address. */
function isAskable(name: string): boolean {
  if (name.startsWith("DNS:")) return !isAddress(name.slice(4));
  return name.startsWith("IP:");
}
