import { expect, test } from "vitest";
import { scanAll } from "#testing/lab/desk.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { startSshServer, type TestSshServer } from "#testing/ssh/ssh-server.ts";

type Command = Parameters<NonNullable<Parameters<typeof startSshServer>[0]["run"]>>[0];

const startJump = () => startSshServer({ run: null, forwards: true });
const ACCEPTING = { only: "ssh", acceptNew: true } as const;

/** Sends the beginning of a collector's output, and then nothing more. */
async function beginToSpeak({ channel, script }: Command): Promise<void> {
  const nonce = /--nonce '(\w+)''(\w+)'/.exec(await script);
  channel.write(`latchkey-collection 1 ${nonce?.[1]}${nonce?.[2]}\n`);
}

/** Runs nothing: the connection ends, and the host has been reached. */
const refuse = ({ channel }: Command) => {
  channel.exit(1);
  channel.end();
};

async function startHosts(count: number, run: (command: Command) => unknown) {
  const servers: TestSshServer[] = [];
  for (let index = 0; index < count; index++) servers.push(await startSshServer({ run }));
  return {
    servers,
    names: servers.map((_, index) => `web${index}`).join(" "),
    behind: (jump: string) =>
      servers.map((server, index) => formatHost(`web${index}`, server, `ProxyJump ${jump}`)).join(""),
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))),
  };
}

test("hosts behind two jump hosts in a row are reached over one connection to each, with a login at each", async () => {
  await using outer = await startJump();
  await using inner = await startJump();
  await using hosts = await startHosts(3, refuse);
  await using desk = await openWorkstation(
    formatHost("outer", outer, "User ann") +
      formatHost("inner", inner, "User bob", "ProxyJump outer") +
      hosts.behind("inner"),
  );
  const probes = await scanAll(desk.app, { text: hosts.names, ...ACCEPTING });
  expect(probes).toMatchObject(hosts.servers.map(() => ({ outcome: "restricted-shell", jumpHost: null })));
  await Promise.all([outer.untilLeft(), inner.untilLeft()]);
  expect([outer, inner, ...hosts.servers].map(({ seen }) => seen.clients)).toEqual([1, 1, 1, 1, 1]);
  expect([new Set(outer.attempts), new Set(inner.attempts)]).toEqual([
    new Set(["publickey ann"]),
    new Set(["publickey bob"]),
  ]);
  // Every machine on the route has a key check, and a pin, of its own.
  expect(await desk.app.client.settings.read()).toMatchObject({ pinCount: 5 });
});

test("an unknown key of a jump host is its own: trusted under its name, the hosts behind it are met", async () => {
  await using jump = await startJump();
  await using hosts = await startHosts(2, refuse);
  await using desk = await openWorkstation(formatHost("bastion", jump) + hosts.behind("bastion"));
  const jumpHost = { host: "bastion", port: jump.port };
  const first = await scanAll(desk.app, { text: hosts.names, only: "ssh" });
  const hostKey = first[0]?.hostKey ?? { fingerprint: "" };
  const unknown = { outcome: "host-key-unknown", jumpHost, hostKey };
  expect(first).toMatchObject([unknown, unknown]);
  expect({ attempts: jump.attempts, clients: jump.seen.clients }).toEqual({ attempts: [], clients: 1 });

  await desk.app.client.hosts.trustKey({ ...jumpHost, fingerprint: hostKey.fingerprint });
  const known = { outcome: "host-key-unknown", jumpHost: null };
  expect(await scanAll(desk.app, { text: hosts.names, only: "ssh" })).toMatchObject([known, known]);
});

test("of twenty hosts behind a jump host eight are visited at a time, and one beside them has its turn meanwhile", async () => {
  await using jump = await startJump();
  const areEight = Promise.withResolvers<void>();
  const isBesideProbed = Promise.withResolvers<void>();
  const count = { now: 0, most: 0 };
  await using hosts = await startHosts(20, async (command) => {
    count.most = Math.max(count.most, ++count.now);
    if (count.now === 8) areEight.resolve();
    await isBesideProbed.promise;
    count.now--;
    refuse(command);
  });
  await using beside = await startSshServer({
    run: async (command) => {
      await areEight.promise;
      refuse(command);
      isBesideProbed.resolve();
    },
  });
  await using desk = await openWorkstation(
    formatHost("bastion", jump) + hosts.behind("bastion") + formatHost("beside", beside),
  );
  // Nine at a time: eight of them through the jump host.
  const probes = await scanAll(desk.app, { text: `${hosts.names} beside`, concurrency: 9, ...ACCEPTING });
  expect(probes.map(({ outcome }) => outcome)).toEqual(Array(21).fill("restricted-shell"));
  expect({ most: count.most, clients: jump.seen.clients }).toEqual({ most: 8, clients: 1 });
});

test("a jump host that dies in the middle costs those that are being read, and is asked once more for the rest", async () => {
  await using jump = await startJump();
  let begun = 0;
  let taken = 0;
  await using hosts = await startHosts(10, async (command) => {
    if (++begun > 8) return refuse(command);
    await beginToSpeak(command);
    await command.untilTaken();

    if (++taken === 8) jump.cutOff();
  });
  await using beside = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(
    formatHost("bastion", jump) + hosts.behind("bastion") + formatHost("beside", beside),
  );
  const probes = await scanAll(desk.app, { text: `${hosts.names} beside`, ...ACCEPTING });
  const lost = probes.filter(({ outcome }) => outcome === "jump-failed");
  expect(lost).toHaveLength(8);
  for (const probe of lost)
    expect(probe).toMatchObject({
      state: "partial",
      jumpHost: { host: "bastion", port: jump.port },
      message: `the jump host bastion:${jump.port} ended the connection that leads through it`,
    });
  expect(probes.filter(({ outcome }) => outcome === "restricted-shell")).toHaveLength(3);
  expect(jump.seen.clients).toBe(2);
});

test("a jump host that is gone for good is named for each host behind it, and no other target suffers", async () => {
  const jump = await startJump();
  await using hosts = await startHosts(10, async (command) => {
    await beginToSpeak(command);
    await jump[Symbol.asyncDispose]();
  });
  await using beside = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(
    formatHost("bastion", jump) + hosts.behind("bastion") + formatHost("beside", beside),
  );
  const probes = await scanAll(desk.app, { text: `${hosts.names} beside`, ...ACCEPTING });
  const failed = probes.filter(({ outcome }) => outcome === "jump-failed");
  expect(failed).toHaveLength(10);
  expect(new Set(failed.map(({ jumpHost }) => jumpHost?.host))).toEqual(new Set(["bastion"]));
  expect(probes.filter(({ outcome }) => outcome === "restricted-shell")).toHaveLength(1);
});

test("a jump host that ssh_config reaches by ProxyCommand is said to be so, and nothing is connected to", async () => {
  await using host = await startSshServer({ run: refuse });
  await using desk = await openWorkstation(
    formatHost("odd", host, "ProxyCommand nc %h %p") + formatHost("web0", host, "ProxyJump odd"),
  );
  expect(await scanAll(desk.app, { text: "web0", ...ACCEPTING })).toMatchObject([
    {
      state: "failed",
      outcome: "not-supported",
      transport: null,
      message: expect.stringContaining("reaches the jump host odd by ProxyCommand"),
    },
  ]);
  expect(host.seen.clients).toBe(0);
});
