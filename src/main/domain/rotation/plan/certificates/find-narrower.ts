import { formatPurpose, PURPOSE } from "#domain/issuing/issued-checks.ts";
import type { IssuerKind } from "#shared/model/issuer.ts";
import type { Narrower } from "#shared/model/pair.ts";
import { isAddress } from "#shared/model/target.ts";
import type { PairFacts } from "./renewal-facts.ts";

type Old = Pick<PairFacts, "names" | "purposes">;

/** Such a certificate is shown to other servers, too; the new one is asked to be for that. */
export const isForClients = ({ purposes }: Old): boolean => purposes?.includes(PURPOSE.client) ?? false;

const ANY_PURPOSE = "2.5.29.37.0";

/** In what the new certificate may be less than the old one, with the words for it. */
export function findNarrower(old: Old, issuer: IssuerKind): { how: Narrower; words: string }[] {
  const names = old.names.filter((name) => !isAskable(name));
  // An authority of our own signs for what it is asked; public ones sign for servers alone.
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

const NAMES_TOLD = 5;

/** With their kinds, by which they are odd. */
function formatOdd(names: readonly string[]): string {
  const more = names.length - NAMES_TOLD;
  return `${names.slice(0, NAMES_TOLD).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** An address among the names of DNS is asked for as an address. */
function isAskable(name: string): boolean {
  if (name.startsWith("DNS:")) return !isAddress(name.slice(4));
  return name.startsWith("IP:");
}
