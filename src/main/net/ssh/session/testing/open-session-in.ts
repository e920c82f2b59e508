import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Line } from "#net/ssh/session/conversation.ts";
import { beginSession } from "#net/ssh/session/open-session.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { END_ALIASES } from "#shared/text/scripts.ts";

const RESOURCES = join(import.meta.dirname, "../../../../../../resources");

/** The session script as it is shipped: all of its files, and the library that it needs. */
export async function readSessionScript(): Promise<string> {
  const texts = ["rotation/session", "lib"].map(async (folder) => {
    const names = (await readdir(join(RESOURCES, folder))).filter((name) => name.endsWith(".sh")).toSorted();
    return Promise.all(names.map((name) => readFile(join(RESOURCES, folder, name), "utf8")));
  });
  return [END_ALIASES, (await Promise.all(texts)).flat()].flat().join("\n");
}

type Shell = Line & { leave(): Promise<void>; kill(): Promise<void> };

/** A session in a shell that runs already, without sshd in between: the same lines as over SSH. */
export async function openSessionIn(shell: Shell, more = ""): Promise<RemoteSession & Pick<Shell, "kill">> {
  const begun = await beginSession(shell, `${await readSessionScript()}\n${more}`, 60_000);
  if (!("send" in begun)) {
    await shell.kill();
    throw new Error(`the hand did not begin: ${begun.message}: ${begun.noise}`);
  }
  return {
    ...begun,
    user: "",
    loginKey: null,
    loginCertificate: null,
    clientKeys: [],
    isTyped: false,
    transport: "ssh2",
    proxy: null,
    hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
    kill: () => shell.kill(),
    [Symbol.asyncDispose]: () => shell.leave(),
  };
}
