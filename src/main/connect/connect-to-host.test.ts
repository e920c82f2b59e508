import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scanAll } from "#testing/lab/desk.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { startRawServer } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";

type Command = Parameters<NonNullable<Parameters<typeof startSshServer>[0]["run"]>>[0];

const ACCEPTING = { only: "ssh", acceptNew: true } as const;

/** Runs nothing: the connection ends, and the host has been reached. */
const refuse = ({ channel }: Command) => {
  channel.exit(1);
  channel.end();
};

const outcomesOf = (probes: readonly { outcome: string }[]) => probes.map(({ outcome }) => outcome);

test("a host that is named by several names and with several logins sees one connection of ours at a time", async () => {
  await using host = await startSshServer({ run: refuse });
  const { port } = host;
  await using desk = await openWorkstation(formatHost("one", host) + formatHost("two", host, "User ann"));
  const text = `one two bob@two localhost:${port} 127.0.0.1:${port} ann@127.0.0.1:${port}`;
  const probes = await scanAll(desk.app, { text, ...ACCEPTING });
  expect(outcomesOf(probes)).toEqual(Array(6).fill("restricted-shell"));
  expect(host.seen).toEqual({ clients: 6, most: 1, mostStrangers: 1 });
});

test("a jump host that is a target too, with several logins, sees two connections at the most, and one stranger", async () => {
  await using bastion = await startSshServer({ run: refuse, forwards: true });
  await using inner = await startSshServer({ run: refuse });
  await using other = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(
    formatHost("bastion", bastion) +
      formatHost("inner", inner, "ProxyJump bastion") +
      formatHost("other", other, "ProxyJump ann@bastion"),
  );
  const text = "inner bob@inner other bastion ann@bastion bob@bastion";
  const probes = await scanAll(desk.app, { text, ...ACCEPTING });
  expect(outcomesOf(probes)).toEqual(Array(6).fill("restricted-shell"));
  expect(bastion.seen.most).toBeLessThanOrEqual(2);
  expect(bastion.seen).toMatchObject({ clients: 5, mostStrangers: 1 });
});

test("who hangs up on us is tried three times, each time later, and is not asked again by another login", async () => {
  let met = 0;
  await using strict = await startRawServer((socket) => {
    met++;
    socket.end();
  });
  await using desk = await openWorkstation(formatHost("strict", strict));
  const probes = await scanAll(desk.app, { text: "ann@strict bob@strict", ...ACCEPTING });
  expect(outcomesOf(probes)).toEqual(["throttled", "throttled"]);
  expect(probes[0]?.message).toContain("refusing this address for now");
  expect({ met, pauses: desk.pauses }).toEqual({ met: 3, pauses: [1_000, 16_000] });
});

test("who has no place for us at first is read in the end", async () => {
  await using host = await startSshServer({ run: refuse });
  let met = 0;
  await using busy = await startRawServer((socket) => {
    if (++met < 3) return socket.end("Exceeded MaxStartups\r\n");
    socket
      .pipe(connect(host))
      .on("error", () => socket.destroy())
      .pipe(socket);
  });
  await using desk = await openWorkstation(formatHost("busy", busy));
  expect(outcomesOf(await scanAll(desk.app, { text: "busy", ...ACCEPTING }))).toEqual(["restricted-shell"]);
  expect({ met, pauses: desk.pauses }).toEqual({ met: 3, pauses: [1_000, 16_000] });
});

test.each([
  ["hangs up on both, the certificate and the login,", 2, [1_000]],
  ["hangs up when asked for a certificate, but not on the login,", 1, [200]],
])("who %s is asked again with the next try", async (_, cutShort, pauses) => {
  await using host = await startSshServer({ run: refuse });
  let met = 0;
  await using busy = await startRawServer((socket) => {
    if (++met <= cutShort) return socket.end();
    socket
      .pipe(connect(host))
      .on("error", () => socket.destroy())
      .pipe(socket);
  });
  await using desk = await openWorkstation(formatHost("busy", busy));
  const [, authority] = makeKeyPair().public.split(" ");
  await writeFile(join(desk.home, ".ssh/known_hosts"), `@cert-authority * ssh-ed25519 ${authority}\n`);
  expect(outcomesOf(await scanAll(desk.app, { text: "busy", ...ACCEPTING }))).toEqual(["restricted-shell"]);
  // The certificate and the login, twice.
  expect({ met, pauses: desk.pauses }).toEqual({ met: 4, pauses });
});

test("a port where nobody listens is tried twice, and a name that does not exist once", async () => {
  const gone = await startRawServer(() => undefined);
  await gone[Symbol.asyncDispose]();
  await using desk = await openWorkstation(formatHost("gone", gone));
  expect(outcomesOf(await scanAll(desk.app, { text: "gone", ...ACCEPTING }))).toEqual(["refused"]);
  expect(desk.pauses).toEqual([200]);
  expect(outcomesOf(await scanAll(desk.app, { text: "no-such-host.invalid", ...ACCEPTING }))).toEqual([
    "no-such-name",
  ]);
  expect(desk.pauses).toEqual([200]);
});

test("a host whose key is unknown is met once, whatever number of logins it was named with", async () => {
  await using host = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(formatHost("one", host));
  const probes = await scanAll(desk.app, { text: "ann@one bob@one one", only: "ssh" });
  expect(outcomesOf(probes)).toEqual(Array(3).fill("host-key-unknown"));
  expect(host.seen.clients).toBe(1);
  expect(host.attempts).toEqual([]);
});

test("a host whose key has changed is met once, and stays a finding whatever other logins were named", async () => {
  await using host = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(formatHost("one", host));
  const [, another] = makeKeyPair().public.split(" ");
  await writeFile(join(desk.home, ".ssh/known_hosts"), `[127.0.0.1]:${host.port} ssh-ed25519 ${another}\n`);
  const probes = await scanAll(desk.app, { text: "ann@one bob@one", only: "ssh" });
  expect(outcomesOf(probes)).toEqual(Array(2).fill("host-key-changed"));
  expect(host.seen.clients).toBe(1);
  const { rows } = await desk.app.client.findings.list({ rule: "host-key-changed" });
  expect(rows).toHaveLength(1);
});
