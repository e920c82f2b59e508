import type { AcmeDirectory } from "#domain/acme/directory.ts";
import { type AcmeFault, formatFault, isFault } from "#domain/acme/fault.ts";
import { identifiersOf } from "#domain/acme/order.ts";
import type { RenewalWindow } from "#domain/acme/renewal-info.ts";
import type { OrderDeps } from "#net/challenges/challenge.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import type { Ordered } from "#shared/model/issuers/issuer.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import { type AcmeParts, accountOf, type HeldAccount, holdAccount, isForgotten } from "./acme/client.ts";
import type { IssuerDriver } from "./issuer-kind.ts";

export type AcmeIssuer = IssuerDriver & {
  /** `reason`: as RFC 5280 numbers them. */
  revoke(
    issuer: IssuerRow,
    what: { der: Uint8Array; reason: number },
  ): Promise<{ kind: "revoked" } | Refused>;
  /** When its directory wants a certificate to be renewed; `unsaid`: it does not say. Needs no vault. */
  renewal(issuer: IssuerRow, der: Uint8Array, signal: AbortSignal): Promise<Renewal>;
};

type Refused = Extract<Ordered, { kind: "refused" }>;
type Renewal = { kind: "window"; window: RenewalWindow } | { kind: "unsaid" } | Refused;

/** An account at an ACME directory. Its key is in the vault, and signs there. */
export function createAcmeIssuer(parts: AcmeParts): AcmeIssuer {
  const { store, now } = parts;
  const refused = ({ host }: HeldAccount, fault: AcmeFault): Refused => ({
    kind: "refused",
    message: formatFault(host, fault, now()),
  });
  return {
    order,
    revoke,
    renewal,
    test: async (issuer) =>
      testDirectory(await holdAccount(parts, issuer), now(), new AbortController().signal),
    secretsOf(issuer) {
      const { accountSecret, eabSecret } = accountOf(store, issuer);
      return [accountSecret, ...(eabSecret === null ? [] : [eabSecret])];
    },
  };

  async function order(issuer: IssuerRow, csr: Uint8Array, options: OrderDeps): Promise<Ordered> {
    const names = identifiersOf(csr);
    if (typeof names === "string") return { kind: "refused", message: names };
    const held = await holdAccount(parts, issuer);
    const ordered = await orderBy(held, { csr, names }, options);
    // The caller evaluates what came, in whatever order: `checkIssued`.
    return isFault(ordered) ? refused(held, ordered) : ordered;
  }

  async function revoke(issuer: IssuerRow, what: { der: Uint8Array; reason: number }) {
    const { signal } = new AbortController();
    const held = await holdAccount(parts, issuer);
    const account = await held.find(signal);
    if (isFault(account)) return refused(held, account);
    const revoked = await held.client.revoke({ signer: held.signer, account: account.url }, what, signal);
    return isFault(revoked) ? refused(held, revoked) : revoked;
  }

  async function renewal(issuer: IssuerRow, der: Uint8Array, signal: AbortSignal): Promise<Renewal> {
    const held = await holdAccount(parts, issuer);
    const window = await held.client.renewalInfo(der, signal);
    if (window === null) return { kind: "unsaid" };
    return isFault(window) ? refused(held, window) : { kind: "window", window };
  }
}

type Request = { csr: Uint8Array; names: Exclude<ReturnType<typeof identifiersOf>, string> };

/** Creates the account again, and orders once more, where the directory has been set up anew. */
async function orderBy(held: HeldAccount, request: Request, options: OrderDeps) {
  const { challenges, onState, replaces, orderUrl, signal } = options;
  const { profile } = held.settings;
  const orderOf = ({ url }: { url: string }) =>
    held.client.order(
      {
        ...request,
        signer: held.signer,
        account: url,
        challenges,
        onState,
        replaces,
        orderUrl,
        profile,
      },
      signal,
    );
  const account = await held.find(signal);
  if (isFault(account)) return account;
  const ordered = await orderOf(account);
  if (!isForgotten(ordered)) return ordered;
  const renewed = await held.resolve(signal);
  return isFault(renewed) ? renewed : orderOf(renewed);
}

/** Whether a directory would accept our orders: it answers, has the profile that we want, and has our account. */
async function testDirectory(held: HeldAccount, now: Date, signal: AbortSignal): Promise<TestedIssuer> {
  const { client, host, settings } = held;
  const fail = (fault: AcmeFault, ...lines: string[]): TestedIssuer => ({
    isSound: false,
    lines: [...lines, formatFault(host, fault, now)],
  });
  const directory = await client.directory(signal);
  if (isFault(directory)) return fail(directory);
  const found = formatDirectory(host, directory);
  if (settings.profile !== null && !directory.profiles.has(settings.profile))
    return { isSound: false, lines: [...found, `it has no profile ${settings.profile}`] };
  const account = await held.resolve(signal);
  if (isFault(account)) return fail(account, ...found);
  const isNew = account.url !== settings.account;
  return {
    isSound: true,
    lines: [...found, `${isNew ? "an account was made" : "the account is there"}: ${account.url}`],
  };
}

function formatDirectory(host: string, { profiles, renewalInfo }: AcmeDirectory): string[] {
  const names = [...profiles.keys()];
  return [
    `${host} has an ACME directory`,
    ...(names.length > 0 ? [`its profiles: ${names.join(", ")}`] : []),
    ...(renewalInfo ? ["it says when certificates are to be renewed"] : []),
  ];
}
