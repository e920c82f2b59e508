import type { AcmeFault } from "#domain/acme/fault.ts";
import type { AcmeSession, Reply, Signer } from "./session.ts";

/** For names to be looked at, or for a certificate to be made: longer ones end, and the order can be taken up again. */
const MOST_SECONDS = 600;
const MOST_PAUSE = 60;

/** Waits between looks, as long as the authority says and longer each time where it says nothing. */
export function createPauses(session: AcmeSession) {
  let waited = 0;
  let usual = 1;
  /** False when it has been waited for long enough. */
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

/** Reads what is under way. That the authority is busy for a moment, or the network away, ends no order. */
export async function readPatiently(
  session: AcmeSession,
  signer: Signer,
  wish: { url: string; kid: string; accept?: string },
): Promise<Reply | AcmeFault> {
  const pause = createPauses(session);
  for (let tries = 1; ; tries++) {
    const reply = await session.post(signer, { ...wish, payload: null });
    if (!isPassing(reply) || tries === MOST_TRIES) return reply;
    await pause("retryAfter" in reply ? reply.retryAfter : null);
  }
}

const isPassing = (reply: Reply | AcmeFault): boolean => {
  if (reply.kind === "unanswered") return true;
  if (reply.kind !== "refused") return false;
  return reply.status >= 500 || (reply.status === 429 && (reply.retryAfter ?? MOST_PAUSE + 1) <= MOST_PAUSE);
};
