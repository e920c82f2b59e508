import type { OrderDeps } from "#net/challenges/challenge.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import type { Ordered } from "#shared/model/issuers/issuer.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";

/** How issuers of one kind work. */
export type IssuerDriver = {
  order(issuer: IssuerRow, csr: Uint8Array, ways: OrderDeps): Promise<Ordered>;
  test(issuer: IssuerRow): Promise<TestedIssuer>;
  /** Entries of the vault that are removed with the issuer. */
  secretsOf(issuer: IssuerRow): readonly string[];
};

/** A person signs: an order waits until the certificate is provided. */
export const manualIssuer: IssuerDriver = {
  order: async ({ name, note }) => ({
    kind: "waits",
    what: `take the request to ${name}${note === "" ? "" : ` (${note})`}, and bring back the certificate`,
  }),
  test: async ({ note }) => ({
    isSound: true,
    lines: [note === "" ? "a person signs, and there is nothing to try" : `a person signs: ${note}`],
  }),
  secretsOf: () => [],
};
