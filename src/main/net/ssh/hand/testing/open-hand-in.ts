import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { Line } from "#net/ssh/hand/line.ts";
import { beginSession } from "#net/ssh/hand/session.ts";

/** One of the libraries of a hand, as it is shipped. */
export const readRotation = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, "../../../../../../resources/rotation", name), "utf8");

export const readHandScript = (): Promise<string> => readRotation("hand.sh");

type Shell = Line & { leave(): Promise<void>; kill(): Promise<void> };

/** A hand in a shell that runs already, without sshd between: the same lines as over SSH. */
export async function openHandIn(shell: Shell, more = ""): Promise<Hand & Pick<Shell, "kill">> {
  const begun = await beginSession(shell, `${await readHandScript()}\n${more}`, 60_000);
  if (!("ask" in begun)) {
    await shell.kill();
    throw new Error(`the hand did not begin: ${begun.message}: ${begun.noise}`);
  }
  return {
    ...begun,
    ...{ user: "", loginKey: null, transport: "ssh2" },
    hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
    kill: () => shell.kill(),
    [Symbol.asyncDispose]: () => shell.leave(),
  };
}
