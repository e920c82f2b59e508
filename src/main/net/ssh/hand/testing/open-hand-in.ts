import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { Line } from "#net/ssh/hand/line.ts";
import { beginSession } from "#net/ssh/hand/session.ts";

const HAND = join(import.meta.dirname, "../../../../../../resources/rotation/hand");

/** As it is shipped: all of its files, in their order. */
export async function readHandScript(): Promise<string> {
  const names = (await readdir(HAND)).toSorted();
  return (await Promise.all(names.map((name) => readFile(join(HAND, name), "utf8")))).join("\n");
}

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
    ...{ user: "", loginKey: null, transport: "ssh2", way: null },
    hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
    kill: () => shell.kill(),
    [Symbol.asyncDispose]: () => shell.leave(),
  };
}
