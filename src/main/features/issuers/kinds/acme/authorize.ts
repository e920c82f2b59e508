import { challengeOf, thumbprintOf } from "#domain/acme/account-key.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { broken } from "#domain/acme/json.ts";
import { type Authorization, type OfferedChallenge, readAuthorization } from "#domain/acme/order.ts";
import type { OrderRequest } from "./order-wish.ts";
import { createPauses, readPatiently } from "./patience.ts";
import type { AcmeSession } from "./session.ts";

/** Shows the authority that a name is ours; null when it is convinced. What was put there for it is gone afterwards. */
export async function authorize(
  session: AcmeSession,
  wish: OrderRequest,
  url: string,
): Promise<AcmeFault | null> {
  const authorization = await readOne(session, wish, url);
  if (isFault(authorization)) return authorization;
  if (authorization.status === "valid") return null;
  if (authorization.status !== "pending") return toFault(wish, authorization);
  const offered = choose(session, wish, authorization);
  if (isFault(offered)) return offered;
  const name = nameOf(authorization);
  const tell = (state: "answering" | "answered") =>
    wish.onState({ kind: "challenge", name, type: offered.type, state, reason: null });
  tell("answering");
  const challenge = challengeOf(authorization.identifier.value, offered, thumbprintOf(wish.signer.jwk));
  const answered = await wish.challenges?.answer(challenge);
  if (answered?.kind !== "ready")
    return { kind: "unready", message: answered?.message ?? "nobody answers challenges" };
  try {
    const isTold = offered.status !== "pending" ? null : await tellReady(session, wish, offered.url);
    if (isTold) return isTold;
    tell("answered");
    return await awaitVerdict(session, wish, url);
  } finally {
    await answered.undo();
  }
}

const nameOf = ({ identifier, isWildcard }: Authorization): string =>
  `${isWildcard ? "*." : ""}${identifier.value}`;

/** Only names that were asked for: for others nothing is put anywhere. */
async function readOne(session: AcmeSession, wish: OrderRequest, url: string): Promise<Authorized> {
  const reply = await readPatiently(session, wish.signer, { url, kid: wish.account });
  if (isFault(reply)) return reply;
  const read = readAuthorization(session.directory.origin, reply.bytes);
  if (isFault(read)) return read;
  const name = nameOf(read);
  const isAsked = wish.names.some(({ type, value }) => type === read.identifier.type && value === name);
  if (!isAsked) return broken(`it asks about ${name}, which was not asked for`);
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

async function tellReady(session: AcmeSession, wish: OrderRequest, url: string): Promise<AcmeFault | null> {
  const reply = await session.post(wish.signer, { url, payload: {}, kid: wish.account });
  return isFault(reply) ? reply : null;
}

async function awaitVerdict(
  session: AcmeSession,
  wish: OrderRequest,
  url: string,
): Promise<AcmeFault | null> {
  const pause = createPauses(session);
  for (;;) {
    const read = await readOne(session, wish, url);
    if (isFault(read)) return read;
    if (read.status !== "pending") return findFault(wish, read);
    if (!(await pause(read.retryAfter)))
      return { kind: "unanswered", message: `it has not looked at ${nameOf(read)} for ten minutes` };
  }
}

function findFault(wish: OrderRequest, authorization: Authorization): AcmeFault | null {
  if (authorization.status !== "valid") return toFault(wish, authorization);
  const type = wish.challenges?.type ?? "http-01";
  wish.onState({ kind: "challenge", name: nameOf(authorization), type, state: "valid", reason: null });
  return null;
}

/** The authority's reason stands in the challenge that it has tried. */
function toFault(wish: OrderRequest, authorization: Authorization): AcmeFault {
  const name = nameOf(authorization);
  const tried = authorization.challenges.find(({ problem }) => problem !== null);
  const problem = tried?.problem ?? {
    type: null,
    parts: [],
    detail: `its authorization is ${authorization.status}, and no reason is said`,
  };
  if (tried)
    wish.onState({ kind: "challenge", name, type: tried.type, state: "invalid", reason: problem.detail });
  const said = { ...problem, detail: `${name}: ${problem.detail}` };
  return { kind: "refused", status: 200, problem: said, retryAfter: null };
}
