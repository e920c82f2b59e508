import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { broken, urlAt } from "#domain/acme/json.ts";
import { type AcmeOrder, isSameNames, nextOfOrder, readChain, readOrder } from "#domain/acme/order.ts";
import { certificateIdOf } from "#domain/acme/renewal-info.ts";
import { authorize } from "./authorize.ts";
import type { OrderRequest } from "./order-wish.ts";
import { createPauses, readPatiently } from "./patience.ts";
import type { AcmeSession, Reply } from "./session.ts";

export type Issued = { kind: "issued"; chain: Uint8Array[] };

type Order = AcmeOrder & { url: string; retryAfter: number | null };

/**
 * Has a request signed. Whatever ends it, it can be said again with the order's address, which is told as soon as there is
 * one: the same request then goes on in the same order.
 */
export async function orderCertificate(
  session: AcmeSession,
  wish: OrderRequest,
): Promise<Issued | AcmeFault> {
  let order = await takeUp(session, wish);
  if (!isFault(order)) wish.onState({ kind: "ordered", url: order.url });
  const pause = createPauses(session);
  const done = { authorized: false, finalized: 0 };
  for (;;) {
    if (isFault(order)) return order;
    const move = nextOfOrder(order, done.authorized);
    switch (move.kind) {
      case "authorize": {
        const fault = await authorizeAll(session, wish, order);
        if (fault) return fault;
        done.authorized = true;
        order = await readAgain(session, wish, order.url);
        break;
      }
      case "finalize":
        if (done.finalized++ === MOST_FINALIZED) return broken("it takes the request and asks for it again");
        wish.onState({ kind: "finalizing" });
        order = await finalize(session, wish, order);
        break;
      case "wait":
        if (!(await pause(order.retryAfter))) return NOT_MADE;
        order = await readAgain(session, wish, order.url);
        break;
      case "download":
        return download(session, wish, move.url);
      case "over":
        return { kind: "refused", status: 200, problem: move.problem ?? NO_REASON, retryAfter: null };
    }
  }
}

const MOST_FINALIZED = 3;
const NOT_MADE: AcmeFault = {
  kind: "unanswered",
  message: "it has not made the certificate in ten minutes; the order can be taken up again",
};
const NO_REASON = { type: null, detail: "the order is invalid, and no reason is said", parts: [] };

/** The order that was begun, where it can still become a certificate; else a new one. */
async function takeUp(session: AcmeSession, wish: OrderRequest): Promise<Order | AcmeFault> {
  const url = urlAt(session.directory.origin, wish.orderUrl);
  if (url === null) return begin(session, wish);
  const order = await readAgain(session, wish, url);
  // A limit passes, and the order is still there.
  if (isFault(order)) return isGone(order) ? begin(session, wish) : order;
  return order.status === "invalid" ? begin(session, wish) : order;
}

const isGone = (fault: AcmeFault): boolean =>
  fault.kind === "refused" && [403, 404, 410].includes(fault.status);

async function begin(session: AcmeSession, wish: OrderRequest): Promise<Order | AcmeFault> {
  const { directory } = session;
  const unknown = findUnknownProfile(session, wish.profile);
  if (unknown) return unknown;
  const replaces = directory.renewalInfo && wish.replaces ? certificateIdOf(wish.replaces) : null;
  const ask = (payload: object) =>
    session.post(wish.signer, { url: directory.newOrder, payload, kid: wish.account });
  const plain = { identifiers: wish.names, ...(wish.profile && { profile: wish.profile }) };
  let reply = await ask({ ...plain, ...(replaces && { replaces }) });
  // Of a certificate that it does not know, or that has been replaced, an order may not say so.
  if (replaces && isDenied(reply)) reply = await ask(plain);
  if (isFault(reply)) return reply;
  const url = urlAt(directory.origin, reply.headers.get("location"));
  if (!url) return broken(`the order has no address at ${directory.origin}`);
  return openOrder(session, wish, url, reply);
}

const isDenied = (reply: Reply | AcmeFault): boolean =>
  reply.kind === "refused" && reply.status >= 400 && reply.status < 500 && reply.status !== 429;

function findUnknownProfile({ directory }: AcmeSession, profile: string | null): AcmeFault | null {
  if (profile === null || directory.profiles.has(profile)) return null;
  const offered = [...directory.profiles.keys()].join(", ") || "none";
  const { hostname } = new URL(directory.origin);
  return { kind: "unready", message: `${hostname} has no profile ${profile}; it has: ${offered}` };
}

async function readAgain(session: AcmeSession, wish: OrderRequest, url: string): Promise<Order | AcmeFault> {
  const reply = await readPatiently(session, wish.signer, { url, kid: wish.account });
  return isFault(reply) ? reply : openOrder(session, wish, url, reply);
}

function openOrder(session: AcmeSession, wish: OrderRequest, url: string, reply: Reply): Order | AcmeFault {
  const order = readOrder(session.directory.origin, reply.bytes);
  if (isFault(order)) return order;
  if (!isSameNames(order.identifiers, wish.names))
    return broken("the order is for other names than were asked for");
  if (order.authorizations.length > wish.names.length)
    return broken("the order wants more to be shown than it has names");
  return { ...order, url, retryAfter: reply.retryAfter };
}

/** One after another: of some ways to answer there is one place alone. */
async function authorizeAll(
  session: AcmeSession,
  wish: OrderRequest,
  order: Order,
): Promise<AcmeFault | null> {
  for (const url of order.authorizations) {
    const fault = await authorize(session, wish, url);
    if (fault) return fault;
  }
  return null;
}

async function finalize(session: AcmeSession, wish: OrderRequest, order: Order): Promise<Order | AcmeFault> {
  const payload = { csr: Buffer.from(wish.csr).toString("base64url") };
  const reply = await session.post(wish.signer, { url: order.finalize, payload, kid: wish.account });
  // By this process, or by one that ended before, and nobody heard so.
  const isUnsure =
    reply.kind === "unanswered" || (reply.kind === "refused" && reply.problem.type === "orderNotReady");
  if (isUnsure) return readAgain(session, wish, order.url);
  return isFault(reply) ? reply : openOrder(session, wish, order.url, reply);
}

async function download(session: AcmeSession, wish: OrderRequest, url: string): Promise<Issued | AcmeFault> {
  const accept = "application/pem-certificate-chain";
  const reply = await readPatiently(session, wish.signer, { url, kid: wish.account, accept });
  if (isFault(reply)) return reply;
  const read = readChain(reply.bytes);
  return isFault(read) ? read : { kind: "issued", chain: read.chain };
}
