import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

test("nothing that was typed for the vault is in the database, its log, an event, a reply or the file", async () => {
  await using folder = await makeTemporaryFolder();
  const logged: unknown[] = [];
  const replies: unknown[] = [];
  {
    await using app = createApp({
      databasePath: join(folder.path, "latchkey.db"),
      log: (error) => logged.push(error),
    });
    const { vault } = app.client;
    const seal = (text: string) => app.seal(new Redacted<Uint8Array>(Buffer.from(text)));
    const keep = (asked: Promise<unknown>) =>
      asked.then(
        (reply) => replies.push(reply),
        (error) => replies.push(error),
      );
    const passphrase = await seal("canary-passphrase");
    await keep(vault.create({ passphrase, recovery: null }));
    await keep(vault.unlock({ passphrase: "canary-that-is-not-sealed" } as never));
    await keep(vault.unlock({ passphrase: { ...passphrase, box: "canary" } }));
    await keep(vault.status());
    await keep(vault.lock());
    await keep(vault.unlock({ passphrase }));
    replies.push((await app.client.auditLog.verify()).eventCount);
  }
  expect(replies).toHaveLength(7);
  expect(inspect([replies, logged], { depth: null, showHidden: true })).not.toMatch(/canary/i);
  const files = (await readdir(folder.path)).filter((name) => name.startsWith("latchkey.db"));
  expect(files).toContain("latchkey.db.vault");
  for (const file of files)
    expect((await readFile(join(folder.path, file))).toString("latin1"), file).not.toMatch(/canary/i);
});
