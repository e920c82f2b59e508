/** ssh2 as this program uses it: loaded when it is first needed, and without the work that no probe needs. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { createRequire } from "node:module";
import type ssh2 from "ssh2";
import type { Client, ParsedKey } from "ssh2";

let loaded: typeof ssh2 | null = null;

/** Loads the library when there is work for it: loading takes longer (50 ms) than most commands run. */
export function loadSsh2(): typeof ssh2 {
  loaded ??= createRequire(import.meta.url)("ssh2") as typeof ssh2;
  return loaded;
}

/** Gets all host keys that a host lists after the login; the host has signed with each of them. */
export type TakeHostKeys = (blobs: readonly Uint8Array[]) => void;

/** Removes work that ssh2 does for each login and that none of ours needs. */
export function spareWork(client: Client, takeHostKeys: TakeHostKeys | undefined): void {
  onHostKeys(client, takeHostKeys);
  holdKeys(client);
  signAtOnce(client);
}

/**
 * After the login sshd lists all its host keys, and ssh2 has it sign with each, whether anybody listens or not: three
 * signatures a host, as expensive as the login. The collector reads all keys of a host, so the list is ignored unless
 * `takeHostKeys` wants it.
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
 * ssh2 creates a cipher for each packet from the raw bytes of the session's keys. Node parses those bytes each time,
 * which takes longer than everything else about a small packet. A KeyObject is parsed once.
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
 * Logs in with a key from a file in one round trip, where ssh2 takes two: it first queries whether the host would take
 * the key (RFC 4252, 7). The query spares a signature, which is cheaper here than the round trip. The host also learns
 * that we hold a key that it does not take; the signature covers this session, and nothing else. Keys of an agent are
 * queried, because it may need a person's confirmation for each signature, and so are RSA keys, whose signatures are
 * expensive.
 */
function signAtOnce(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: AuthProtocol };
  const offer = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    // A key that cannot sign is only queried, so that ssh2 goes on to the next one.
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
