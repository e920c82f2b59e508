/** In a session with its own bus and keyring: a vault that the keyring opens, and one that it no longer opens. */
import { createVault } from "#net/vault/vault-client.ts";
import { Redacted } from "#shared/model/secret.ts";
import { COST, typed } from "./typed.ts";

const [path = ""] = process.argv.slice(2);
const vault = createVault({ path, cost: COST });
const said: string[] = [];
const refused = async (asked: Promise<unknown>) =>
  said.push(await asked.then(() => "done").catch((error: Error) => error.message));

await vault.create(typed("the passphrase"), null);
await refused(vault.unlockByKeyring());
await vault.setKeyring(true);
const { id } = await vault.keep(typed("the secret"), { kind: "tsig", label: "" });
await vault.lock();
await vault.unlockByKeyring();
said.push(Buffer.from(Redacted.reveal(await vault.open(id))).toString());
said.push((await vault.status()).wraps.map(({ kind }) => kind).join(" "));
await vault.setKeyring(false);
await vault.lock();
await refused(vault.unlockByKeyring());
said.push(vault.state());
process.stdout.write(JSON.stringify(said));
await vault[Symbol.asyncDispose]();
