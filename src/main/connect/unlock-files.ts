import type { Ask } from "#net/ssh/ask.ts";
import type { OpenKeyFile } from "#net/ssh/identities.ts";
import { unlock } from "#net/ssh/locked/unlock.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";

/**
 * Opens the locked key files of one scan by asking for their passphrases, each file once. Three wrong ones, or none,
 * and the scan goes on without the file. Rejects only when `signal` says stop.
 */
export function createUnlocker(ask: Ask, signal: AbortSignal): OpenKeyFile {
  const asked = new Map<string, ReturnType<OpenKeyFile>>();

  return (file) => {
    const opened = asked.get(file.path) ?? open(file);
    asked.set(file.path, opened);
    return opened;
  };

  async function open({ path, fingerprint, lock }: Parameters<OpenKeyFile>[0]): ReturnType<OpenKeyFile> {
    for (let wrongAnswers = 0; wrongAnswers < MOST_WRONG_ANSWERS; wrongAnswers++) {
      const about = { kind: "passphrase" as const, file: path, fingerprint };
      const prompts = [{ text: "Passphrase", isEchoed: false }];
      const [passphrase] = (await ask({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
      signal.throwIfAborted();
      if (!passphrase || Redacted.reveal(passphrase) === "") return { why: "it was not unlocked" };
      const unlocked = await unlock(lock, passphrase, signal);
      if (unlocked.kind === "failed") return { why: unlocked.why };
      if (unlocked.kind === "wrong") continue;
      const key = readPrivateKeyFile(Buffer.from(Redacted.reveal(unlocked.text)));
      return key.kind === "usable" ? key : { why: key.why };
    }
    return { why: "it was not unlocked: three passphrases were wrong" };
  }
}
