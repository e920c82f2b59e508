import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTlsServer } from "#testing/servers.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { startSshServer } from "#testing/ssh/ssh-server.ts";

const refuse = {
  run: ({ channel }: { channel: { exit(code: number): void; end(): void } }) => {
    channel.exit(1);
    channel.end();
  },
};

test("endpoints are read while a passphrase is waited for, and hosts once it was given", async () => {
  await using endpoint = await startTlsServer();
  await using host = await startSshServer(refuse);
  await using desk = await openWorkstation(formatHost("web1", host));
  const locked = join(desk.home, "deploy");
  await writeFile(locked, makeLockedKey({ passphrase: "open sesame" }));
  const { client } = desk.app;
  const announcements = await client.events.watch();
  const text = `web1 ${endpoint.endpoint.host}:${endpoint.endpoint.port}`;
  const { scanId } = await client.scans.start({
    text,
    acceptNew: true,
    identityFiles: [locked],
    mayAsk: true,
  });

  for await (const { kind } of announcements) {
    const { ok } = await client.scans.find({ scanId });
    const [question] = await client.scans.questions({ scanId });
    if (kind === "scan-finished") break;
    if (ok === 0 || !question) continue;
    expect(host.seen.clients).toBe(0);
    await client.scans.answer({ scanId, questionId: question.id, answers: ["open sesame"] });
  }
  expect(await client.scans.find({ scanId })).toMatchObject({ state: "finished", ok: 1, failed: 1 });
  expect(host.seen.clients).toBe(1);
});

test("a named identity file that is of no use is refused before anything is visited", async () => {
  await using endpoint = await startTlsServer();
  await using desk = await openWorkstation("");
  const wish = {
    text: `${endpoint.endpoint.host}:${endpoint.endpoint.port}`,
    identityFiles: [join(desk.home, "none")],
  };
  await expect(desk.app.client.scans.start({ ...wish, mayAsk: true })).rejects.toThrow(
    "there is no such file",
  );
  expect(await desk.app.client.scans.list({})).toMatchObject({ total: 0 });
});
