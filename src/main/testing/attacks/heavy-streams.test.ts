import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { openTerminal } from "#testing/open-terminal.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { HEAVY } from "./heavy-streams.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const base64 = (stream: Buffer) => ({ base64: stream.toString("base64") });
const HEALTHY = Buffer.from(answerScript("--nonce 'abc''def'"), "latin1");

const heavy = (name: string, size = 1): Buffer => {
  const make = HEAVY[name];
  if (!make) throw new Error(`there is no ${name}`);
  return make(size);
};

/** One of the rules of sudo and one of sshd's; the long form has the others. */
const FEW = ["aliases, rules and accounts of sudo", "files of sshd that include each other"];
const MORE = [
  "aliases within aliases",
  "lines that are everybody's, and accounts",
  "authorities and accounts",
];

test.each(process.env.LATCHKEY_TEST_KINDS === "all" ? [...FEW, ...MORE] : FEW)(
  "%s are too much to evaluate, which is said, and the host beside is recorded",
  async (name) => {
    await using folder = await makeTemporaryFolder();
    const databasePath = join(folder.path, "latchkey.db");
    await using app = createApp({ databasePath, now });
    const { bundles, hosts } = app.client;
    const [evil, healthy] = await Promise.all([
      bundles.import({ ...base64(heavy(name)), as: { host: "evil", port: 22 } }),
      bundles.import(base64(HEALTHY)),
    ]);
    expect([evil.state, healthy.state]).toEqual(["partial", "ok"]);
    expect(evil.message).toContain("too much to evaluate");
    const { rows } = await hosts.list({});
    const id = rows.find(({ host }) => host === "evil")?.id ?? 0;
    const { coverage } = await hosts.find({ id });
    expect(coverage.notRead).toContainEqual(
      expect.objectContaining({ why: expect.stringContaining("too much to evaluate") }),
    );
    expect(rows.find(({ host }) => host === "web1")).toMatchObject({ state: "ok", grantCount: 1 });
    const said = await openTerminal(databasePath, { now })("hosts", "evil");
    expect(said.out).toContain("too much to evaluate");
  },
);

test("what is as long and honest is judged: accounts of a directory whom no rule names cost nothing", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  const few = heavy("aliases, rules and accounts of sudo", 0.02);
  const { state } = await app.client.bundles.import({ ...base64(few), as: { host: "large", port: 22 } });
  expect(state).toBe("ok");
});
