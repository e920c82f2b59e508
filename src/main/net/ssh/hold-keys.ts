import { createSecretKey, type KeyObject } from "node:crypto";
import type { Client } from "ssh2";

/**
 * ssh2 makes a cipher for each packet, out of the bytes of the session's keys, and Node finds out anew each time what they
 * are, which takes longer than all else of a small packet. As key objects they are known.
 */
export function holdKeys(client: Client): void {
  const { _protocol: protocol } = client as unknown as { _protocol: Protocol };
  client.on("handshake", () => {
    hold(protocol._decipher, "_decipherKey");
    hold(protocol._cipher, "_encKey");
  });
}

type Key = Uint8Array | KeyObject;
type Protocol = { _decipher?: { _decipherKey?: Key }; _cipher?: { _encKey?: Key } };

function hold<Name extends string>(owner: { [key in Name]?: Key } | undefined, name: Name): void {
  const key = owner?.[name];
  if (owner && key instanceof Uint8Array) owner[name] = createSecretKey(key);
}
