import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";

type SignRequest = {
  /** A private key file, or a .pub file whose private key is in an agent. */
  keyFile: string;
  /** What the signature is for. */
  namespace: string;
  agentSocket: string | null;
};

/**
 * The armored signature of `ssh-keygen -Y sign`; or why there is none. It has no terminal to prompt at: a locked key
 * must be in the agent.
 */
export async function signBytes(
  bytes: Uint8Array,
  { keyFile, namespace, agentSocket }: SignRequest,
): Promise<{ signature: string } | { why: string }> {
  const said = await runKeygen(["-Y", "sign", "-n", namespace, "-f", keyFile], { bytes, agentSocket });
  if ("why" in said) return said;
  const signature = said.out.toString("latin1");
  return signature.startsWith("-----BEGIN SSH SIGNATURE-----") ? { signature } : { why: whyOf("") };
}

/** The fingerprint (`SHA256:...`) of a private key file or a .pub file; or why it has none. */
export async function findFingerprint(keyFile: string): Promise<{ fingerprint: string } | { why: string }> {
  const options = { bytes: Buffer.alloc(0), agentSocket: null };
  const said = await runKeygen(["-l", "-E", "sha256", "-f", keyFile], options);
  if ("why" in said) return said;
  const [fingerprint] = /SHA256:\S+/.exec(said.out.toString("latin1")) ?? [];
  return fingerprint === undefined ? { why: "it is no key" } : { fingerprint };
}

async function runKeygen(
  words: readonly string[],
  { bytes, agentSocket }: { bytes: Uint8Array; agentSocket: string | null },
): Promise<{ out: Buffer } | { why: string }> {
  const { SSH_AUTH_SOCK: _, ...env } = process.env;
  const child = spawn("ssh-keygen", words, {
    detached: process.platform !== "win32",
    env: {
      ...env,
      LC_ALL: "C",
      SSH_ASKPASS_REQUIRE: "never",
      ...(agentSocket === null ? {} : { SSH_AUTH_SOCK: agentSocket }),
    },
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  child.stdin.on("error", () => undefined).end(bytes);
  try {
    const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, "close")]);
    return child.exitCode === 0 ? { out } : { why: whyOf(err.toString("utf8")) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { why: "this computer has no ssh-keygen; install OpenSSH" };
    throw error;
  }
}

function whyOf(said: string): string {
  // biome-ignore lint/plugin: ssh-keygen has no exit code for it
  if (/passphrase/i.test(said))
    return "it is locked by a passphrase: put it into the agent first (ssh-add), and name its .pub file";
  // biome-ignore lint/plugin: ssh-keygen has no exit code for it
  if (/No such file or directory/.test(said)) return "there is no such file, or it is no key";
  const last = said.trim().split("\n").at(-1) ?? "";
  return `ssh-keygen says: ${last.slice(0, 300) || "nothing"}`;
}

/** As long as a SHA-256, so that no two are ever equal. Letters and digits only. */
export const randomNonce = (): string => randomBytes(32).toString("hex");
