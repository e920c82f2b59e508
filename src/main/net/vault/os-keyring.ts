import { randomBytes } from "node:crypto";
import { Refusal } from "#shared/model/refusal.ts";

const SERVICE = "latchkey";

/** Loaded only when it is asked for, so that no start pays for it, and a system without it works. */
async function openEntry(vault: string) {
  try {
    const { Entry } = (await import("@napi-rs/keyring")).default;
    // The kernel's keyring, its other store on Linux, forgets at the next start of the machine.
    return new Entry(SERVICE, vault, { linux: { store: "secret-service" } });
  } catch (error) {
    throw unreachable(error);
  }
}

/** A new key in the keyring of the operating system, for a vault. */
export async function putKeyringKey(vault: string): Promise<Uint8Array> {
  const entry = await openEntry(vault);
  const key = randomBytes(32);
  try {
    entry.setSecret(key);
    const kept = entry.getSecret();
    if (kept && Buffer.from(kept).equals(key)) return key;
  } catch (error) {
    throw unreachable(error);
  }
  throw new Refusal(
    "unusable",
    "the system's keyring did not keep what it was given; the vault is as it was before",
  );
}

export async function getKeyringKey(vault: string): Promise<Uint8Array> {
  const entry = await openEntry(vault);
  try {
    const kept = entry.getSecret();
    if (kept?.length === 32) return Uint8Array.from(kept);
  } catch (error) {
    throw unreachable(error);
  }
  throw new Refusal(
    "not-found",
    "the system's keyring has nothing for this vault any more; unlock it with the passphrase",
  );
}

export async function dropKeyringKey(vault: string): Promise<void> {
  const entry = await openEntry(vault);
  try {
    entry.deleteCredential();
  } catch (error) {
    throw unreachable(error);
  }
}

/** What it says holds nothing of ours; its first line is enough. */
const unreachable = (error: unknown) =>
  new Refusal(
    "unusable",
    // biome-ignore lint/plugin: it is cut, and not read
    `this system has no keyring that can be used (${error instanceof Error ? error.message.split("\n")[0]?.slice(0, 200) : "unknown"}); use the passphrase`,
  );
