import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { isIP } from "node:net";
import type {
  AcmeChallenge,
  AcmeIdentifier,
  ChallengeType,
  OrderState,
} from "#shared/model/issuers/issuer.ts";
import type { Pebble } from "#testing/servers/pebble.ts";
import { sequence } from "#testing/tls/build-certificate.ts";
import { ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";

/** An account's key as a vault has it: its public key, and signatures by its private key. */
export function makeSigner() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = createPublicKey(publicKey.export({ format: "pem", type: "spki" })).export({
    format: "jwk",
  });
  return {
    jwk: { kty: "EC", crv: "P-256", x, y } as const,
    spki: publicKey.export({ format: "der", type: "spki" }),
    sign: async (data: Uint8Array): Promise<Uint8Array> =>
      sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }),
  };
}

export const NEVER = new AbortController().signal;

/** A request, and the names in it. */
type TestRequest = { csr: Uint8Array; names: readonly AcmeIdentifier[] };

type Signer = ReturnType<typeof makeSigner>;
type Answer = { kind: "ready"; undo: () => Promise<unknown> } | { kind: "failed"; message: string };
type Challenges = { type: ChallengeType; answer: (challenge: AcmeChallenge) => Promise<Answer> };

type AccountOptions = {
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
  order(wish: AccountOptions, signal: AbortSignal): Promise<Ordered>;
};

/** A new account, with what it ordered and what it was notified of. */
export async function openAccount<Ordered>(client: Client<Ordered>) {
  const signer = makeSigner();
  const made = await client.register(signer, { contacts: [], agreesToTerms: true, binding: null }, NEVER);
  if (!("url" in made)) throw new Error(JSON.stringify(made));
  const account = String(made.url);
  const told: OrderState[] = [];
  const order = (
    { csr, names }: TestRequest,
    challenges: Challenges,
    more: Partial<AccountOptions> = {},
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

/** Waits that end at once, and are counted. */
export function countWaits() {
  const waits: number[] = [];
  const wait = async (ms: number, signal: AbortSignal) => {
    signal.throwIfAborted();
    waits.push(ms);
    await new Promise(setImmediate);
  };
  return { waits, wait };
}

/** A request with a new key for DNS names and IPv4 addresses, with no name in its subject, as authorities demand. */
export function requestFor(...names: readonly string[]) {
  const key = makeKey();
  const csr = makeRequest({
    key,
    subject: sequence(),
    names: names.map((name) => (isIP(name) ? ipName(...name.split(".").map(Number)) : name)),
  });
  return {
    csr,
    spki: key.spki,
    names: names.map(
      (name): AcmeIdentifier => ({ type: isIP(name) ? "ip" : "dns", value: name.toLowerCase() }),
    ),
  };
}

/** Makes pebble's challenge server respond, by real HTTP and DNS. `undo` removes the response. */
export function answerAtPebble({ tell }: Pick<Pebble, "tell">) {
  return async (challenge: AcmeChallenge) => ({
    kind: "ready" as const,
    undo: await put(tell, challenge),
  });
}

async function put(tell: Pebble["tell"], challenge: AcmeChallenge): Promise<() => Promise<void>> {
  switch (challenge.type) {
    case "http-01": {
      const { token, keyAuthorization: content } = challenge;
      await tell("add-http01", { token, content });
      return () => tell("del-http01", { token });
    }
    case "dns-01": {
      const host = `_acme-challenge.${challenge.name}.`;
      await tell("set-txt", { host, value: challenge.txt });
      return () => tell("clear-txt", { host });
    }
    case "tls-alpn-01":
      throw new Error("it wants more than a digest: startAlpnServer answers this one");
  }
}
