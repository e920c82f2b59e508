import type { Stages } from "#domain/rotation/bytes/stages.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { printable } from "./shell-words.ts";

type AddedTo = { file: { path: string }; stages: Stages };

/**
 * The keys that these files get and that no private key has signed for, a sentence each, as whoever runs the script compares them:
 * type, fingerprint, file and options. `verified`: `type base64` of the key that is made on a host, or of the one that
 * stands for it in these files, for its private half signs there before its line is written; null: none is.
 */
export function describeUnverifiedKeys(files: readonly AddedTo[], verified: string | null): string[] {
  const made = verified === null ? undefined : readAuthorizedKeys(Buffer.from(verified))[0]?.key;
  return files.flatMap(({ file, stages }) => {
    const lines = stages.added.flatMap(({ inserted }) => readAuthorizedKeys(inserted));
    const unverified = lines.filter(({ key }) => !key || key.fingerprint !== made?.fingerprint);
    return unverified.map(({ key, options, text }) => {
      const what = key ? `${key.keyType} ${key.fingerprint}` : `a line that has no key (${text})`;
      return printable(`${what} into ${file.path}${options && `, with ${options}`}`);
    });
  });
}
