import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

test("passphrases of keystores are listed by what they are for, and forgotten one by one while the vault is open", async () => {
  await using folder = await makeTemporaryFolder();
  await using app = createApp({ databasePath: join(folder.path, "latchkey.db") });
  const { runs, vault } = app.client;
  const seal = (text: string) => app.seal(new Redacted<Uint8Array>(Buffer.from(text)));
  expect(await vault.passphrases()).toEqual([]);
  await vault.create({ passphrase: await seal("correct horse"), recovery: null });
  const keep = async (label: string) => runs.keepPassphrase({ passphrase: await seal("changeit"), label });
  const [one, two] = [await keep("keystore /etc/one.p12"), await keep("keystore /etc/two.jks")];
  expect(await vault.passphrases()).toEqual([
    { ...one, label: "keystore /etc/one.p12" },
    { ...two, label: "keystore /etc/two.jks" },
  ]);
  expect(await vault.forgetPassphrase(one)).toEqual({});
  await expect(vault.forgetPassphrase(one)).rejects.toMatchObject({ code: "not-found" });
  await vault.lock();
  expect(await vault.passphrases()).toEqual([{ ...two, label: "keystore /etc/two.jks" }]);
  await expect(vault.forgetPassphrase(two)).rejects.toMatchObject({ code: "locked" });
  expect((await vault.status()).kept).toEqual([{ kind: "store-passphrase", count: 1 }]);
});
