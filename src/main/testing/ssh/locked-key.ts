import ssh2 from "ssh2";

type Wish = { passphrase: string; cipher?: string; rounds?: number };

/**
 * An Ed25519 private key under a passphrase, as ssh-keygen would write it. ssh2 makes a broken one when the public half
 * begins with a zero byte, as one in 128 does: then another one is made.
 */
export function makeLockedKey({ passphrase, cipher = "aes256-ctr", rounds = 1 }: Wish): string {
  const options = { passphrase, cipher, rounds } as Parameters<typeof ssh2.utils.generateKeyPairSync>[1];
  const pair = ssh2.utils.generateKeyPairSync("ed25519", options);
  const isBroken = ssh2.utils.parseKey(pair.private, passphrase) instanceof Error;
  return isBroken ? makeLockedKey({ passphrase, cipher, rounds }) : pair.private;
}
