/** A process that opens a vault, plants secrets in it, uses each, and locks it on request. */
import { createHash, randomInt } from "node:crypto";
import { answerByUpdate, readTsigSecret } from "#net/challenges/dns-update.ts";
import type { Vault } from "#net/vault/vault.ts";
import { createVault, forkVaultProcess } from "#net/vault/vault-client.ts";
import { Redacted, secretBytes, secretCopy } from "#shared/model/secret.ts";

const [first = "", held] = process.argv.slice(2);
const tell = (message: object) => process.send?.(message);

if (first === "--hold") {
  const bytes = Buffer.from(held ?? "");
  setInterval(() => bytes.at(0), 1_000);
  tell({ kind: "locked" });
} else await plant(first);

async function plant(path: string): Promise<void> {
  let vaultProcess = 0;
  const start = async () => {
    const started = await forkVaultProcess();
    vaultProcess = started.pid ?? 0;
    return started;
  };
  const vault = createVault({ path, start });
  const secrets: string[] = [];
  const typed = () => {
    const bytes = secretBytes(20);
    for (let at = 0; at < bytes.length; at++) bytes[at] = 97 + randomInt(26);
    secrets.push(hide(bytes));
    return new Redacted<Uint8Array>(bytes);
  };
  const passphrase = typed();
  const again = new Redacted<Uint8Array>(secretCopy(Redacted.reveal(passphrase)));
  await vault.create(passphrase, typed());
  await vault.lock();
  await vault.unlock(again);
  for (let index = 0; index < 12; index++) {
    const { id } = await vault.keep(typed(), { kind: "tsig", label: `${index}` });
    const opened = Redacted.reveal(await vault.open(id));
    createHash("sha256").update(opened).digest();
    opened.fill(0);
  }
  for (let index = 0; index < 6; index++) {
    const { id } = await vault.createKey("p256", { kind: "certificate-key", label: `${index}` });
    await vault.sign(id, Buffer.from("data"), { hash: "SHA-256", ecdsa: "der" });
    const opened = Redacted.reveal(await vault.open(id));
    // The private number, at its offset in PKCS#8.
    secrets.push(hide(opened.subarray(36, 68)));
    opened.fill(0);
  }
  await signUpdate(vault, secrets);
  process.on("message", async () => {
    await vault.lock();
    tell({ kind: "locked" });
  });
  tell({ kind: "opened", vaultProcess, secrets });
  secrets.length = 0;
}

/** Signs an update of a zone that no server takes. Its key is kept as text, and used as the bytes that it encodes. */
async function signUpdate(vault: Vault, secrets: string[]): Promise<void> {
  const text = secretBytes(44);
  for (let at = 0; at < text.length; at++) text[at] = 97 + randomInt(26);
  secrets.push(hide(text));
  const key = readTsigSecret(secretCopy(text)) ?? secretBytes(0);
  secrets.push(hide(key));
  key.fill(0);
  const { id: secretId } = await vault.keep(new Redacted<Uint8Array>(text), { kind: "tsig", label: "used" });
  const way = { server: "127.0.0.1", port: 1, zone: "corp.test", keyName: "k", secretId };
  const { signal } = new AbortController();
  await answerByUpdate(
    { ...way, kind: "rfc2136", algorithm: "hmac-sha256" },
    { type: "dns-01", name: "corp.test", txt: "text" },
    {
      session: null,
      token: "t",
      address: null,
      resolvers: [],
      signal,
      openSecret: (id) => vault.open(id),
    },
  );
}

/** Reversed, in hex. */
function hide(bytes: Uint8Array): string {
  const turned = secretCopy(bytes).reverse();
  const text = Buffer.from(turned.buffer).toString("hex");
  turned.fill(0);
  return text;
}
