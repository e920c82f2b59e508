import type { AcmeChallenge, AcmeIdentifier, ChallengeType } from "#shared/model/acme.ts";
import type { OrderState } from "#shared/model/issuer.ts";
import { makeSigner } from "./make-signer.ts";

export const NEVER = new AbortController().signal;

/** A request, and the names in it. */
type TestRequest = { csr: Uint8Array; names: readonly AcmeIdentifier[] };

type Signer = ReturnType<typeof makeSigner>;
type Answer = { kind: "ready"; undo: () => Promise<unknown> } | { kind: "failed"; message: string };
type Challenges = { type: ChallengeType; answer: (challenge: AcmeChallenge) => Promise<Answer> };

type Wish = {
  signer: Signer;
  account: string;
  csr: Uint8Array;
  names: readonly AcmeIdentifier[];
  replaces: Uint8Array | null;
  profile: string | null;
  orderUrl: string | null;
  challenges: Challenges | null;
  onState: (state: OrderState) => void;
};

type Client<Ordered> = {
  register(
    signer: Signer,
    wish: { contacts: string[]; agreesToTerms: boolean; binding: null },
    signal: AbortSignal,
  ): Promise<object>;
  order(wish: Wish, signal: AbortSignal): Promise<Ordered>;
};

/** A new account: what it orders, and what it was told of its orders. */
export async function openAccount<Ordered>(client: Client<Ordered>) {
  const signer = makeSigner();
  const made = await client.register(signer, { contacts: [], agreesToTerms: true, binding: null }, NEVER);
  if (!("url" in made)) throw new Error(JSON.stringify(made));
  const account = String(made.url);
  const told: OrderState[] = [];
  const order = (
    { csr, names }: TestRequest,
    challenges: Challenges,
    more: Partial<Wish> = {},
    signal = NEVER,
  ) =>
    client.order(
      {
        signer,
        account,
        csr,
        names,
        challenges,
        replaces: null,
        profile: null,
        orderUrl: null,
        onState: (state) => told.push(state),
        ...more,
      },
      signal,
    );
  return { signer, account, told, order };
}

/** Waits that are over at once, and told. */
export function countWaits() {
  const waits: number[] = [];
  const wait = async (ms: number, signal: AbortSignal) => {
    signal.throwIfAborted();
    waits.push(ms);
    await new Promise(setImmediate);
  };
  return { waits, wait };
}
