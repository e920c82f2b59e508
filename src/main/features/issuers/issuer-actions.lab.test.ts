import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { DNS_PORT, startKnot } from "#testing/servers/knot.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { tryChallenge } from "./issuer-actions.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64");
const KEY = { name: "latchkey", algorithm: "hmac-sha256", secret: SECRET };
const open = (secret: string) => ({ open: async () => new Redacted<Uint8Array>(Buffer.from(secret)) });

test("updates of a zone are tried with a record that is gone afterwards, and a wrong key is said", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startKnot({ folder: folder.path, zones: { "corp.test": "" }, key: KEY });
  const challenge = {
    kind: "rfc2136" as const,
    server: server.address,
    port: DNS_PORT,
    zone: "corp.test",
    keyName: KEY.name,
    algorithm: "hmac-sha256" as const,
    secretId: "s1",
  };
  expect(await tryChallenge(open(SECRET), { challenge, name: null })).toEqual({
    isSound: true,
    lines: ["a record for latchkey-test.corp.test was made and seen, and taken away again"],
  });
  const wrong = Buffer.alloc(32, 8).toString("base64");
  expect(await tryChallenge(open(wrong), { challenge, name: null })).toMatchObject({ isSound: false });
});

test("a hook is tried for the name that is said, and not without one; its failure is said", async () => {
  await using folder = await makeTemporaryFolder();
  const [program, log] = [join(folder.path, "hook"), join(folder.path, "log")];
  await writeFile(program, `#!/bin/sh\necho "$1 $2" >>${log}\necho 'no such zone' >&2\nexit 1\n`);
  await chmod(program, 0o755);
  const challenge = { kind: "dns-hook" as const, program };
  expect(await tryChallenge(open(""), { challenge, name: null })).toMatchObject({ isSound: true });
  expect(await tryChallenge(open(""), { challenge, name: "www.corp.test" })).toMatchObject({
    isSound: false,
    lines: [expect.stringContaining("no such zone")],
  });
  expect(await readFile(log, "utf8")).toMatch(/^present _acme-challenge\.www\.corp\.test\./);
});
