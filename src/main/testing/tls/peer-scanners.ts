import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

type HostAddress = { host: string; port: number };

/** The certificates that `openssl s_client` says were sent, in their order. */
export async function askSClient(
  { host, port }: HostAddress,
  args: readonly string[] = [],
): Promise<Buffer[]> {
  const asked = run("openssl", ["s_client", "-connect", `${host}:${port}`, "-showcerts", ...args]);
  asked.child.stdin?.end();
  // It ends with 1 where the server wants a certificate of ours, and has shown its own by then.
  const said = await asked.catch((error: { stdout: string }) => error);
  return toDers(said.stdout);
}

/** The certificates that sslscan says were sent, in their order. */
export async function askSslscan({ host, port }: HostAddress): Promise<Buffer[]> {
  const off = ["ciphersuites", "groups", "heartbleed", "renegotiation", "compression", "fallback"];
  const args = [...off.map((what) => `--no-${what}`), "--show-certificates", "--xml=-", `${host}:${port}`];
  const { stdout } = await run("sslscan", args);
  return toDers(stdout);
}

const toDers = (text: string): Buffer[] =>
  [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END/g)].map(([, base64 = ""]) =>
    Buffer.from(base64.replace(/\s/g, ""), "base64"),
  );
