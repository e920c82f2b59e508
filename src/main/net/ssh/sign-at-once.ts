import type { Client, ParsedKey } from "ssh2";

/**
 * Logs in with a key from a file in one round trip, where ssh2 takes two: it first asks whether the host would take the key
 * (RFC 4252, 7). To ask spares a signature, and that one is cheaper here than the answer. What a host learns more is that
 * we hold a key that it does not take; what is signed is this session, and serves for nothing else. Keys of an agent are
 * asked about, for it may want a person's consent for each signature, and so are RSA keys, whose signature is dear.
 */
export function signAtOnce(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: Protocol };
  const offer = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    // A key that cannot sign is asked about, so that ssh2 goes on to the next one.
    const signNow: Sign = (data, use) => {
      const signature: Buffer | Error = key.sign(data);
      if (signature instanceof Error) offer(user, key, algorithm);
      else use(signature);
    };
    offer(user, key, algorithm, sign ?? (isCheap(key) ? signNow : undefined));
  };
}

const isCheap = (key: ParsedKey): boolean => key.isPrivateKey() && !key.type.includes("rsa");

type Sign = (data: Buffer, use: (signature: Buffer) => void) => void;
type Protocol = { authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void };
