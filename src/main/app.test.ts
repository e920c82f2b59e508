import { expect, test, vi } from "vitest";
import { findClosedEndpoint, startSilentServer, startTlsServer } from "#testing/servers.ts";
import { type App, createApp } from "./app.ts";

const now = () => new Date("2026-06-01T00:00:00Z");
const open = () => createApp({ databasePath: ":memory:", now });

type Server = { endpoint: { host: string; port: number } };
const say = ({ endpoint: { host, port } }: Server): string => `${host}:${port}`;

test("a scanned certificate shows up among those expiring, with its place", async () => {
  await using server = await startTlsServer({ notAfter: new Date("2026-06-10T00:00:00Z") });
  await using app = open();

  await scan(app, say(server));

  expect(await app.client.certificates.list({ expiringWithinDays: 30 })).toMatchObject({
    total: 1,
    rows: [
      {
        subject: "CN=localhost",
        notAfter: "2026-06-10T00:00:00Z",
        locations: [{ kind: "endpoint", ...server.endpoint, position: 0, firstSeen: "2026-06-01T00:00:00Z" }],
      },
    ],
  });
  expect(await app.client.certificates.list({ expiringWithinDays: 8 })).toMatchObject({ total: 0 });
});

test("a scan answers with its id at once, announces its beginning, progress and end, and says what each visit met", async () => {
  await using server = await startTlsServer();
  await using app = open();
  const closed = await findClosedEndpoint();

  const { scanId, announced } = await scan(app, say(server), say({ endpoint: closed }));

  expect(announced.slice(0, 2)).toEqual(["scan-started", "scan-progressed"]);
  expect(announced.at(-1)).toBe("scan-finished");
  expect(await app.client.scans.find({ scanId })).toMatchObject({
    state: "finished",
    total: 2,
    ok: 1,
    failed: 1,
  });
  expect(await app.client.scans.probes({ scanId })).toMatchObject({
    rows: [
      { state: "failed", outcome: "refused", target: { kind: "tls", ...closed } },
      { state: "ok", outcome: "presented", message: "" },
    ],
  });
});

test("what was scanned is remembered, and is what a scan without targets visits", async () => {
  await using server = await startTlsServer();
  await using app = open();
  await scan(app, say(server), say(server));
  expect(await app.client.targets.list()).toMatchObject([{ target: { kind: "tls", ...server.endpoint } }]);
  const { scanId } = await scan(app);
  expect(await app.client.scans.find({ scanId })).toMatchObject({ total: 1, ok: 1 });
});

test("a host that is remembered with sudo is read with it until something else is said", async () => {
  const { host, port } = await findClosedEndpoint();
  await using app = open();
  const usesSudo = async () => (await app.client.targets.list()).map(({ useSudo }) => useSudo);

  await app.client.targets.add({ text: `deploy@${host}:${port}`, useSudo: true });
  await scan(app, `deploy@${host}:${port}`);
  expect(await usesSudo()).toEqual([true]);
  await scan(app);
  expect(await usesSudo()).toEqual([true]);
  await scan(app, `root@${host}:${port}`);
  expect(await usesSudo()).toEqual([false]);
});

test("without any target there is a sentence that says what to do", async () => {
  await using app = open();
  for (const text of [" ", ", # none of them"]) {
    await expect(app.client.scans.start({ text })).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("name a target"),
    });
  }
});

test("one silent server holds nobody else, and a scan that waits for it can be cancelled", async () => {
  await using silent = await startSilentServer();
  await using server = await startTlsServer();
  await using app = open();
  const announcements = await app.client.events.watch();
  const { scanId } = await app.client.scans.start({ text: `${say(silent)} ${say(server)}` });
  for await (const { kind } of announcements) if (kind === "scan-progressed") break;
  expect(await app.client.certificates.list({})).toMatchObject({ total: 1 });

  const ends = await app.client.events.watch();
  expect(await app.client.scans.cancel({ scanId })).toEqual({ wasRunning: true });
  for await (const { kind } of ends) if (kind === "scan-finished") break;

  expect(await app.client.scans.find({ scanId })).toMatchObject({ state: "cancelled", total: 2, ok: 1 });
  expect(await app.client.scans.cancel({ scanId })).toEqual({ wasRunning: false });
});

test("closing does not wait for the slowest server", async () => {
  await using server = await startSilentServer();
  const app = open();
  await app.client.scans.start({ text: say(server) });
  await app[Symbol.asyncDispose]();
});

test("a read-only Latchkey answers queries and refuses commands", async () => {
  await using app = createApp({ databasePath: ":memory:", isReadOnly: true });
  expect(await app.client.scans.list({})).toMatchObject({ total: 0 });
  await expect(app.client.scans.start({ text: "shop.example" })).rejects.toMatchObject({
    code: "read-only",
    message: "scans.start changes something; Latchkey is read-only",
  });
});

test("a bug is told to the log and not to the caller", async () => {
  const log = vi.fn();
  const bug = new Error("the clock is broken");
  let isBroken = false;
  const brokenClock = () => {
    if (isBroken) throw bug;
    return now();
  };
  await using app = createApp({ databasePath: ":memory:", now: brokenClock, log });
  isBroken = true;
  await expect(app.client.today.figures()).rejects.toMatchObject({
    code: "internal",
    message: "something went wrong; the log has the details",
  });
  expect(log).toHaveBeenCalledExactlyOnceWith(bug);
});

async function scan(app: App, ...targets: string[]) {
  const announcements = await app.client.events.watch();
  const { scanId } = await app.client.scans.start({ text: targets.join(" ") });
  const announced: string[] = [];
  for await (const { kind } of announcements) {
    announced.push(kind);
    if (kind === "scan-finished") break;
  }
  return { scanId, announced };
}
