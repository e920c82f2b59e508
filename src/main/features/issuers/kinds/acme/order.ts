import { challengeOf, thumbprintOf } from "#domain/acme/account-key.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { broken, urlAt } from "#domain/acme/json.ts";
import {
  type AcmeOrder,
  type Authorization,
  isSameNames,
  nextOfOrder,
  type OfferedChallenge,
  readAuthorization,
  readChain,
  readOrder,
} from "#domain/acme/order.ts";
import { certificateIdOf } from "#domain/acme/renewal-info.ts";
import type {
  AcmeChallenge,
  AcmeIdentifier,
  ChallengeType,
  OrderState,
} from "#shared/model/issuers/issuer.ts";
import type { AcmeSession, Reply, Signer } from "./session.ts";

export type OrderRequest = {
  signer: Signer;
  /** The account's URL. */
  account: string;
  /** DER of the request, and the names in it, in lower case. */
  csr: Uint8Array;
  names: readonly AcmeIdentifier[];
  /** DER of the certificate that the new one replaces. */
  replaces: Uint8Array | null;
  profile: string | null;
  /** The URL of an order that was begun before. */
  orderUrl: string | null;
  challenges: {
    type: ChallengeType;
    /**
     * Publishes the response. `undo` removes it, whatever came of it; only then the next name's challenge is
     * answered.
     */
    answer: (challenge: AcmeChallenge) => Promise<Answer>;
  } | null;
  onState: (state: OrderState) => void;
};

type Answer = { kind: "ready"; undo: () => Promise<unknown> } | { kind: "failed"; message: string };

export type Issued = { kind: "issued"; chain: Uint8Array[] };

type Order = AcmeOrder & { url: string; retryAfter: number | null };

/**
 * Has a request signed. However it ends, it can be repeated with the order's URL, which `onState` reports as soon as
 * there is one: the same request then continues the same order.
 */
export async function orderCertificate(
  session: AcmeSession,
  request: OrderRequest,
): Promise<Issued | AcmeFault> {
  let order = await takeUp(session, request);
  if (!isFault(order)) request.onState({ kind: "ordered", url: order.url });
  const pause = createPauses(session);
  const done = { authorized: false, finalized: 0 };
  for (;;) {
    if (isFault(order)) return order;
    const move = nextOfOrder(order, done.authorized);
    switch (move.kind) {
      case "authorize": {
        const fault = await authorizeAll(session, request, order);
        if (fault) return fault;
        done.authorized = true;
        order = await readAgain(session, request, order.url);
        break;
      }
      case "finalize":
        if (done.finalized++ === MOST_FINALIZED) return broken("it takes the request and asks for it again");
        request.onState({ kind: "finalizing" });
        order = await finalize(session, request, order);
        break;
      case "wait":
        if (!(await pause(order.retryAfter))) return NOT_MADE;
        order = await readAgain(session, request, order.url);
        break;
      case "download":
        return download(session, request, move.url);
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
async function takeUp(session: AcmeSession, request: OrderRequest): Promise<Order | AcmeFault> {
  const url = urlAt(session.directory.origin, request.orderUrl);
  if (url === null) return begin(session, request);
  const order = await readAgain(session, request, url);
  // A rate limit passes, and the order is still there.
  if (isFault(order)) return isGone(order) ? begin(session, request) : order;
  return order.status === "invalid" ? begin(session, request) : order;
}

const isGone = (fault: AcmeFault): boolean =>
  fault.kind === "refused" && [403, 404, 410].includes(fault.status);

async function begin(session: AcmeSession, request: OrderRequest): Promise<Order | AcmeFault> {
  const { directory } = session;
  const unknown = findUnknownProfile(session, request.profile);
  if (unknown) return unknown;
  const replaces = directory.renewalInfo && request.replaces ? certificateIdOf(request.replaces) : null;
  const send = (payload: object) =>
    session.post(request.signer, { url: directory.newOrder, payload, kid: request.account });
  const plain = { identifiers: request.names, ...(request.profile && { profile: request.profile }) };
  let reply = await send({ ...plain, ...(replaces && { replaces }) });
  // An order may not name as replaced a certificate that the authority does not know, or that another order has
  // replaced.
  if (replaces && isDenied(reply)) reply = await send(plain);
  if (isFault(reply)) return reply;
  const url = urlAt(directory.origin, reply.headers.get("location"));
  if (!url) return broken(`the order has no address at ${directory.origin}`);
  return openOrder(session, request, url, reply);
}

const isDenied = (reply: Reply | AcmeFault): boolean =>
  reply.kind === "refused" && reply.status >= 400 && reply.status < 500 && reply.status !== 429;

function findUnknownProfile({ directory }: AcmeSession, profile: string | null): AcmeFault | null {
  if (profile === null || directory.profiles.has(profile)) return null;
  const offered = [...directory.profiles.keys()].join(", ") || "none";
  const { hostname } = new URL(directory.origin);
  return { kind: "unready", message: `${hostname} has no profile ${profile}; it has: ${offered}` };
}

async function readAgain(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
): Promise<Order | AcmeFault> {
  const reply = await readPatiently(session, request.signer, { url, kid: request.account });
  return isFault(reply) ? reply : openOrder(session, request, url, reply);
}

function openOrder(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
  reply: Reply,
): Order | AcmeFault {
  const order = readOrder(session.directory.origin, reply.bytes);
  if (isFault(order)) return order;
  if (!isSameNames(order.identifiers, request.names))
    return broken("the order is for other names than were asked for");
  if (order.authorizations.length > request.names.length)
    return broken("the order wants more to be shown than it has names");
  return { ...order, url, retryAfter: reply.retryAfter };
}

/** One after another: some challenge methods have a single location for responses. */
async function authorizeAll(
  session: AcmeSession,
  request: OrderRequest,
  order: Order,
): Promise<AcmeFault | null> {
  for (const url of order.authorizations) {
    const fault = await authorize(session, request, url);
    if (fault) return fault;
  }
  return null;
}

async function finalize(
  session: AcmeSession,
  request: OrderRequest,
  order: Order,
): Promise<Order | AcmeFault> {
  const payload = { csr: Buffer.from(request.csr).toString("base64url") };
  const reply = await session.post(request.signer, { url: order.finalize, payload, kid: request.account });
  // Finalized by this process, or by an earlier one, which may have ended before the reply.
  const isUnsure =
    reply.kind === "unanswered" || (reply.kind === "refused" && reply.problem.type === "orderNotReady");
  if (isUnsure) return readAgain(session, request, order.url);
  return isFault(reply) ? reply : openOrder(session, request, order.url, reply);
}

async function download(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
): Promise<Issued | AcmeFault> {
  const accept = "application/pem-certificate-chain";
  const reply = await readPatiently(session, request.signer, { url, kid: request.account, accept });
  if (isFault(reply)) return reply;
  const read = readChain(reply.bytes);
  return isFault(read) ? read : { kind: "issued", chain: read.chain };
}

/** Shows the authority that we control a name; null when it is convinced. The response is removed afterwards. */
async function authorize(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
): Promise<AcmeFault | null> {
  const authorization = await readOne(session, request, url);
  if (isFault(authorization)) return authorization;
  if (authorization.status === "valid") return null;
  if (authorization.status !== "pending") return toFault(request, authorization);
  const offered = choose(session, request, authorization);
  if (isFault(offered)) return offered;
  const name = nameOf(authorization);
  const report = (state: "answering" | "answered") =>
    request.onState({ kind: "challenge", name, type: offered.type, state, reason: null });
  report("answering");
  const challenge = challengeOf(authorization.identifier.value, offered, thumbprintOf(request.signer.jwk));
  const answered = await request.challenges?.answer(challenge);
  if (answered?.kind !== "ready")
    return { kind: "unready", message: answered?.message ?? "nobody answers challenges" };
  try {
    const refused =
      offered.status !== "pending" ? null : await submitChallenge(session, request, offered.url);
    if (refused) return refused;
    report("answered");
    return await awaitVerdict(session, request, url);
  } finally {
    await answered.undo();
  }
}

const nameOf = ({ identifier, isWildcard }: Authorization): string =>
  `${isWildcard ? "*." : ""}${identifier.value}`;

/** Accepts only names of the request: no response is published for others. */
async function readOne(session: AcmeSession, request: OrderRequest, url: string): Promise<Authorized> {
  const reply = await readPatiently(session, request.signer, { url, kid: request.account });
  if (isFault(reply)) return reply;
  const read = readAuthorization(session.directory.origin, reply.bytes);
  if (isFault(read)) return read;
  const name = nameOf(read);
  const isRequested = request.names.some(
    ({ type, value }) => type === read.identifier.type && value === name,
  );
  if (!isRequested) return broken(`it asks about ${name}, which was not asked for`);
  return { ...read, retryAfter: reply.retryAfter };
}

type Authorized = (Authorization & { retryAfter: number | null }) | AcmeFault;

function choose(
  { directory }: AcmeSession,
  { challenges }: OrderRequest,
  authorization: Authorization,
): OfferedChallenge | AcmeFault {
  const name = nameOf(authorization);
  const offered = authorization.challenges.filter(({ status }) => status !== "invalid");
  const found = offered.find(({ type }) => type === challenges?.type);
  if (found) return found;
  const { hostname } = new URL(directory.origin);
  const types = offered.map(({ type }) => type).join(", ") || "none that is known here";
  return {
    kind: "unready",
    message: challenges
      ? `${hostname} does not take ${challenges.type} for ${name}; it takes ${types}`
      : `${hostname} wants to see that ${name} is ours (${types}); say how its challenges are answered`,
  };
}

async function submitChallenge(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
): Promise<AcmeFault | null> {
  const reply = await session.post(request.signer, { url, payload: {}, kid: request.account });
  return isFault(reply) ? reply : null;
}

async function awaitVerdict(
  session: AcmeSession,
  request: OrderRequest,
  url: string,
): Promise<AcmeFault | null> {
  const pause = createPauses(session);
  for (;;) {
    const read = await readOne(session, request, url);
    if (isFault(read)) return read;
    if (read.status !== "pending") return findFault(request, read);
    if (!(await pause(read.retryAfter)))
      return { kind: "unanswered", message: `it has not validated ${nameOf(read)} in ten minutes` };
  }
}

function findFault(request: OrderRequest, authorization: Authorization): AcmeFault | null {
  if (authorization.status !== "valid") return toFault(request, authorization);
  const type = request.challenges?.type ?? "http-01";
  request.onState({ kind: "challenge", name: nameOf(authorization), type, state: "valid", reason: null });
  return null;
}

/** The authority's reason is in the challenge that it has tried. */
function toFault(request: OrderRequest, authorization: Authorization): AcmeFault {
  const name = nameOf(authorization);
  const tried = authorization.challenges.find(({ problem }) => problem !== null);
  const problem = tried?.problem ?? {
    type: null,
    parts: [],
    detail: `its authorization is ${authorization.status}, and no reason is said`,
  };
  if (tried)
    request.onState({ kind: "challenge", name, type: tried.type, state: "invalid", reason: problem.detail });
  const said = { ...problem, detail: `${name}: ${problem.detail}` };
  return { kind: "refused", status: 200, problem: said, retryAfter: null };
}

/**
 * Time for names to be validated, or for a certificate to be made. A longer wait ends, and the order can be continued
 * later.
 */
const MOST_SECONDS = 600;
const MOST_PAUSE = 60;

/** Waits between polls, as long as the authority says, and longer each time where it says nothing. */
function createPauses(session: AcmeSession) {
  let waited = 0;
  let usual = 1;
  /** False when the wait has been long enough. */
  return async (retryAfter: number | null): Promise<boolean> => {
    if (waited >= MOST_SECONDS) return false;
    const seconds = Math.min(Math.max(retryAfter ?? usual, 1), MOST_PAUSE);
    usual = Math.min(usual * 2, 15);
    waited += seconds;
    await session.wait(seconds * 1_000);
    return true;
  };
}

const MOST_TRIES = 4;

/** Reads what is in progress. Neither a busy authority nor a network failure that passes ends the order. */
async function readPatiently(
  session: AcmeSession,
  signer: Signer,
  request: { url: string; kid: string; accept?: string },
): Promise<Reply | AcmeFault> {
  const pause = createPauses(session);
  for (let tries = 1; ; tries++) {
    const reply = await session.post(signer, { ...request, payload: null });
    if (!isTransient(reply) || tries === MOST_TRIES) return reply;
    await pause("retryAfter" in reply ? reply.retryAfter : null);
  }
}

const isTransient = (reply: Reply | AcmeFault): boolean => {
  if (reply.kind === "unanswered") return true;
  if (reply.kind !== "refused") return false;
  return reply.status >= 500 || (reply.status === 429 && (reply.retryAfter ?? MOST_PAUSE + 1) <= MOST_PAUSE);
};
