/** What would show a private key wherever it is written: its numbers in every spelling that a program might give them. */
import { createPrivateKey } from "node:crypto";
import ssh2 from "ssh2";

/** How many bytes of a number are looked for: short enough to stand in one line of any PEM. */
const FOUND_BYTES = 24;

export type Needle = { name: string; bytes: Buffer };

/** The secret numbers of a private key file. */
export function needlesOf(name: string, file: string, passphrase?: string): Needle[] {
  const parsed = [ssh2.utils.parseKey(file, passphrase)].flat()[0];
  const pem = parsed instanceof Error ? file : (parsed?.getPrivatePEM() ?? "");
  const { d, p, q } = createPrivateKey({ key: pem, passphrase }).export({ format: "jwk" });
  return [d, p, q].flatMap((number, index) =>
    number ? [{ name: `${name} ${"dpq"[index]}`, bytes: Buffer.from(number, "base64url") }] : [],
  );
}

/** Which secrets stand in this: as they are, in hexadecimal, in base64 at any place, as a list of numbers. */
export function findSecrets(needles: readonly Needle[], place: Buffer | string): string[] {
  const bytes = Buffer.from(place);
  const text = bytes.toString("latin1");
  const plain = text.replace(/\\n|\s/g, "");
  return needles.flatMap((needle) => {
    const some = needle.bytes.subarray(0, FOUND_BYTES);
    const isThere = bytes.includes(some) || spellings(some).some((spelling) => plain.includes(spelling));
    return isThere ? [needle.name] : [];
  });
}

function spellings(bytes: Buffer): string[] {
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    return [shifted.toString("base64"), shifted.toString("base64url")].map((said) =>
      said.slice(Math.ceil((offset * 4) / 3), Math.floor((shifted.length * 4) / 3)),
    );
  });
  return [hex, hex.toUpperCase(), [...bytes].join(","), ...base64];
}
