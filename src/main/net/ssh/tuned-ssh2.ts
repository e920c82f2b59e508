/** ssh2 as it is used here: loaded when it is first needed, and without what it does for each visit and none of ours needs. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { createRequire } from "node:module";
import type ssh2 from "ssh2";
import type { Client, ParsedKey } from "ssh2";

let loaded: typeof ssh2 | null = null;

/** The library, once there is something for it to do: it takes longer to load than most commands to run (50 ms). */
export function loadSsh2(): typeof ssh2 {
  loaded ??= createRequire(import.meta.url)("ssh2") as typeof ssh2;
  return loaded;
}

/** Told of all keys that a host names once we are in, each of which it has proved to hold. */
export type TakeHostKeys = (blobs: readonly Uint8Array[]) => void;

/** What ssh2 does for each visit and none of ours needs. */
export function spareWork(client: Client, takeHostKeys: TakeHostKeys | undefined): void {
  onHostKeys(client, takeHostKeys);
  holdKeys(client);
  signAtOnce(client);
}

/**
 * Once in, sshd names all its keys, and ssh2 has each prove itself, whether anybody listens or not: three signatures
 * a host, as dear as the login. All keys of a host are read by the collector, so what sshd names is let pass where
 * nobody has asked for it.
 */
function onHostKeys(client: Client, takeHostKeys: TakeHostKeys | undefined): void {
  if (takeHostKeys)
    return void client.on("hostkeys", (keys) =>
      takeHostKeys(keys.map((key) => Uint8Array.from(key.getPublicSSH()))),
    );
  const { _handlers: handlers } = (client as unknown as { _protocol: { _handlers: Handlers } })._protocol;
  const { GLOBAL_REQUEST: answer } = handlers;
  handlers.GLOBAL_REQUEST = (protocol, name, ...rest) => {
    if (name !== "hostkeys-00@openssh.com") answer(protocol, name, ...rest);
  };
}

type Handlers = { GLOBAL_REQUEST(protocol: unknown, name: string, ...rest: unknown[]): void };

/**
 * ssh2 makes a cipher for each packet, out of the bytes of the session's keys, and Node finds out anew each time what they
 * are, which takes longer than all else of a small packet. As key objects they are known.
 */
function holdKeys(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: CipherProtocol };
  client.on("handshake", () => {
    hold(protocol._decipher, "_decipherKey");
    hold(protocol._cipher, "_encKey");
  });
}

type Key = Uint8Array | KeyObject;
type CipherProtocol = { _decipher?: { _decipherKey?: Key }; _cipher?: { _encKey?: Key } };

function hold<Name extends string>(owner: { [key in Name]?: Key } | undefined, name: Name): void {
  const key = owner?.[name];
  if (owner && key instanceof Uint8Array) owner[name] = createSecretKey(key);
}

/**
 * Logs in with a key from a file in one round trip, where ssh2 takes two: it first asks whether the host would take the key
 * (RFC 4252, 7). To ask spares a signature, and that one is cheaper here than the answer. What a host learns more is that
 * we hold a key that it does not take; what is signed is this session, and serves for nothing else. Keys of an agent are
 * asked about, for it may want a person's consent for each signature, and so are RSA keys, whose signature is dear.
 */
function signAtOnce(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: AuthProtocol };
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
type AuthProtocol = { authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void };
