import { Client } from "#shared/model/chain.ts";
import type { NameConstraints } from "./extension-values.ts";
import { createNameConstraints } from "./name-constraints.ts";
import type { PathCertificate } from "./path-certificate.ts";
import { pairsFromTop } from "./validate-path.ts";

const NAME_CONSTRAINTS = "2.5.29.30";

/** The clients that take the names of a path, from its leaf to its root, for names that its authorities may issue for. */
export const clientsThatPermitNames = (path: readonly PathCertificate[]): Client[] =>
  Client.options.filter((client) => permits(client, path));

function permits(client: Client, path: readonly PathCertificate[]): boolean {
  const constraints = createNameConstraints(client);
  for (const [issuer, certificate] of pairsFromTop(path)) {
    if (client === "go" && isUnknownToGo(issuer)) return false;
    constraints.add(issuer);
    const isExempt = client === "openssl" && certificate.isSelfIssued && certificate !== path[0];
    if (!isExempt && constraints.check(certificate) !== null) return false;
  }
  return true;
}

/** Go refuses critical constraints on kinds of names that it does not compare. */
const isUnknownToGo = ({ extensions: { nameConstraints, marks } }: PathCertificate): boolean =>
  nameConstraints !== null && marks.get(NAME_CONSTRAINTS) === true && constrainsOthers(nameConstraints);

const constrainsOthers = ({ permitted, excluded }: NameConstraints): boolean =>
  [...permitted, ...excluded].some(({ base }) => base.form === "directory" || base.form === "other");
