import type { OrderWays } from "#net/issuing/order.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import type { Ordered } from "#shared/model/issuer.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";

/** How issuers of one kind work. */
export type Desk = {
  order(issuer: IssuerRow, csr: Uint8Array, ways: OrderWays): Promise<Ordered>;
  test(issuer: IssuerRow): Promise<TestedIssuer>;
  /** Entries of the vault that go when it goes. */
  secretsOf(issuer: IssuerRow): readonly string[];
};
