import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

type HostAddress = { host: string; port: number };

/** The certificates that `openssl s_client` received, in their order. */
export async function askSClient(
  { host, port }: HostAddress,
  args: readonly string[] = [],
): Promise<Buffer[]> {
  const asked = run("openssl", ["s_client", "-connect", `${host}:${port}`, "-showcerts", ...args]);
  asked.child.stdin?.end();
  // It exits with 1 if the server demands a client certificate, and has received the server's own by then.
  const said = await asked.catch((error: { stdout: string }) => error);
  return toDers(said.stdout);
}

/** The certificates that sslscan received, in their order. */
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
