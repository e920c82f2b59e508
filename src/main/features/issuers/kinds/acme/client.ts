import type { AcmeDirectory } from "#domain/acme/directory.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { certificateIdOf, type RenewalWindow, readRenewalInfo } from "#domain/acme/renewal-info.ts";
import { type Account, type AccountRequest, findAccount, registerAccount } from "./account.ts";
import { type Issued, orderCertificate } from "./order.ts";
import type { OrderRequest } from "./order-wish.ts";
import { type AcmeDeps, openSession, type Signer } from "./session.ts";

/**
 * One directory as RFC 8555 has it. What the authority or the network does is a value; `Refusal`s of the vault, and the
 * signal's reason, are thrown.
 */
export type AcmeClient = {
  look(signal: AbortSignal): Promise<AcmeDirectory | AcmeFault>;
  /** Makes the key's account, or finds it. */
  register(signer: Signer, wish: AccountRequest, signal: AbortSignal): Promise<Account | AcmeFault>;
  /** The account that the key has. */
  find(signer: Signer, signal: AbortSignal): Promise<Account | AcmeFault>;
  order(wish: OrderRequest, signal: AbortSignal): Promise<Issued | AcmeFault>;
  /** When the certificate should be renewed; null where the authority does not say. */
  renewalInfo(der: Uint8Array, signal: AbortSignal): Promise<RenewalWindow | AcmeFault | null>;
  revoke(
    by: { signer: Signer; account: string },
    what: { der: Uint8Array; reason: number },
    signal: AbortSignal,
  ): Promise<{ kind: "revoked" } | AcmeFault>;
};

export function createAcmeClient(deps: AcmeDeps): AcmeClient {
  const open = (signal: AbortSignal) => openSession(deps, signal);
  return {
    async look(signal) {
      const session = await open(signal);
      return isFault(session) ? session : session.directory;
    },
    async register(signer, wish, signal) {
      const session = await open(signal);
      return isFault(session) ? session : registerAccount(session, signer, wish);
    },
    async find(signer, signal) {
      const session = await open(signal);
      return isFault(session) ? session : findAccount(session, signer);
    },
    async order(wish, signal) {
      const session = await open(signal);
      return isFault(session) ? session : orderCertificate(session, wish);
    },
    async renewalInfo(der, signal) {
      const session = await open(signal);
      if (isFault(session)) return session;
      const id = certificateIdOf(der);
      const { renewalInfo } = session.directory;
      if (id === null || renewalInfo === null) return null;
      const reply = await session.get(`${renewalInfo.replace(/\/$/, "")}/${id}`);
      return isFault(reply) ? reply : readRenewalInfo(reply.bytes);
    },
    async revoke({ signer, account }, { der, reason }, signal) {
      const session = await open(signal);
      if (isFault(session)) return session;
      const url = session.directory.revokeCert;
      if (!url) return { kind: "unready", message: `${new URL(deps.url).hostname} revokes nothing by ACME` };
      const payload = { certificate: Buffer.from(der).toString("base64url"), reason };
      const reply = await session.post(signer, { url, payload, kid: account });
      // What is revoked already is what was wished.
      if (reply.kind === "refused" && reply.problem.type === "alreadyRevoked") return { kind: "revoked" };
      return isFault(reply) ? reply : { kind: "revoked" };
    },
  };
}
