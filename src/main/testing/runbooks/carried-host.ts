import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-rotation-script.ts";

export const PATH = "/home/ann/.ssh/authorized_keys";

/** What every script is made of, as it is shipped. */
export const readCarriedParts = async () => ({
  hand: (
    await Promise.all(["../lib/limits.sh", "../lib/possession.sh", "hand"].map(readRotationScript))
  ).join("\n"),
  holders: await readRotationScript("holders.sh"),
  carry: (
    await Promise.all(["../lib/daemon.sh", "../lib/host-signature.sh", "carry"].map(readRotationScript))
  ).join("\n"),
  carryKey: await readRotationScript("carry-key.sh"),
});

/** A host with ann's file, and in /root/carried the script that `make` makes for her, whose number is `uid`. */
export async function carryTo<T extends { script: string }>(
  before: string,
  make: (uid: number, hostKey: string, parts: Awaited<ReturnType<typeof readCarriedParts>>) => T,
) {
  const host = await startHost({
    name: "web1",
    prepare: "useradd -m -s /bin/sh ann && mkdir -m 700 /home/ann/.ssh && chown ann: /home/ann/.ssh",
  });
  const made = make(Number(await host.run("id -u ann")), await hostKeyOf(host), await readCarriedParts());
  await writeThere(host, PATH, before);
  await host.run(`chown ann: ${PATH} && chmod 600 ${PATH} && mkdir -p /root/carried`);
  await writeThere(host, "/root/carried/script.sh", made.script);
  return { host, ...made, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** The fingerprint of its host key, as it would be pinned. */
export const hostKeyOf = async (host: LabHost): Promise<string> =>
  /SHA256:\S+/.exec(await host.run("ssh-keygen -E sha256 -lf /etc/ssh/ssh_host_ed25519_key.pub"))?.[0] ?? "";

/** In pieces: one word of a program is 128 KiB at most. */
export async function writeThere(host: LabHost, path: string, text: string): Promise<void> {
  const base64 = Buffer.from(text).toString("base64");
  await host.run(`: >${path}`);
  for (let at = 0; at < base64.length; at += PIECE)
    await host.run(`base64 -d >>${path} <<'END'\n${base64.slice(at, at + PIECE)}\nEND`);
}

const PIECE = 90_000;

/** Runs the script as root; what it said, with its code at the end. */
export const carry = (host: LabHost, shell: string, answers: string, options = ""): Promise<string> =>
  host.run(
    `cd /root/carried; code=0; printf '${answers}' | ${shell} ./script.sh ${options} 2>&1 || code=$?; echo "code $code"`,
  );

export const readThere = async (host: LabHost, path: string): Promise<Buffer> =>
  Buffer.from((await host.run(`base64 -w0 ${path}`)).trim(), "base64");

export const readResultThere = (host: LabHost): Promise<Buffer> =>
  readThere(host, "/root/carried/latchkey-result-*.txt");
