import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import { waitForCommands } from "#shells/cli/manage/serve.ts";
import { acceptCommands } from "#shells/socket/accept-commands.ts";
import { reachOwner } from "#shells/socket/reach-owner.ts";
import { socketFolderOf } from "#shells/socket/socket-folder.ts";
import { openTerminal, type Said } from "#testing/open-terminal.ts";
import { startSilentServer, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-06-01T00:00:00Z");
const say = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
const isWindows = process.platform === "win32";

/** A window, which holds the database and does the work of commands. `isServed`: its screens are served to a browser. */
async function openWindow({ isServed = false } = {}) {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const workstation = { user: "jo", home, agentSocket: null };
  const databasePath = join(folder.path, "latchkey.db");
  const app = createApp({ databasePath, now, workstation });
  let pages = 0;
  const openPage = () => `http://lk-0.localhost/#launch=${++pages}`;
  const acceptance = await acceptCommands({ app, ...(isServed && { openPage }) });
  return {
    app,
    acceptance,
    close: async () => acceptance?.[Symbol.asyncDispose](),
    databasePath,
    folder: folder.path,
    workstation,
    async [Symbol.asyncDispose]() {
      await acceptance?.[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The commands, one after the other, at a database that nobody has open, and at one that a window holds. */
async function typeBoth(
  commands: readonly (readonly string[])[],
): Promise<{ alone: Said[]; beside: Said[] }> {
  await using window = await openWindow();
  const world = { now, workstation: window.workstation };
  const typeAt = async (path: string) => {
    const type = openTerminal(path, world);
    const results: Said[] = [];
    for (const words of commands) results.push(await type(...words));
    return results;
  };
  const alone = await typeAt(join(window.folder, "alone.db"));
  const beside = await typeAt(window.databasePath);
  return { alone, beside };
}

test.skipIf(isWindows)(
  "a command beside an open window prints what it prints alone, with the same exit codes and the same JSON",
  async () => {
    await using server = await startTlsServer({ notAfter: new Date("2026-06-10T00:00:00Z") });
    const target = say(server.endpoint);
    const { alone, beside } = await typeBoth([
      ["targets", "add", "web1", target, "not a host!"],
      ["targets", "add", "web1", target],
      ["scan", target, "--strict"],
      ["scan", target, "--json"],
      ["scan", "--resume"],
      ["certificates"],
      ["findings", "--fail-on", "high"],
      ["baseline", "set", "--scan", "99"],
      ["baseline", "set"],
      ["rules", "--off", "nonsense"],
      ["label", "web1", "--tag", "x"],
      ["runs", "resume", "7"],
      ["people", "import", "no-such-file.csv"],
      ["trust", "add", "no-such-file.pem"],
      ["call", "targets.add", '{"text": 7}'],
      ["targets", "remove", "web1"],
      ["targets", "list", "--json"],
    ]);
    expect(beside).toEqual(alone);
    expect(beside.map(({ code }) => code)).toContain(0);
    expect(beside.map(({ code }) => code)).toContain(1);
    expect(beside.map(({ code }) => code)).toContain(2);
  },
);

test.skipIf(isWindows)(
  "Ctrl-C cancels a scan that the window's process does, and keeps what it has read",
  async () => {
    await using window = await openWindow();
    await using silent = await startSilentServer();
    await using server = await startTlsServer();
    const stops: (() => void)[] = [];
    const type = openTerminal(window.databasePath, {
      now,
      onStop: (stop) => {
        stops.push(stop);
        return { [Symbol.dispose]: () => undefined };
      },
      showStatus: ([line]) => {
        if (line?.includes("1 read")) stops.at(-1)?.();
      },
    });
    const { code, out } = await type("scan", say(server.endpoint), say(silent.endpoint), "--json");
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 3, state: "cancelled", probes: { ok: 1 } });
  },
);

test.skipIf(isWindows)(
  "Ctrl-C after the window's process has gone fails the command once, with the reason",
  async () => {
    await using window = await openWindow();
    await using silent = await startSilentServer();
    const stops: (() => void)[] = [];
    const type = openTerminal(window.databasePath, {
      now,
      onStop: (stop) => {
        stops.push(stop);
        return { [Symbol.dispose]: () => undefined };
      },
      showStatus: () => void window.close().then(() => stops.at(-1)?.()),
    });
    const { code, err } = await type("scan", say(silent.endpoint));
    expect({ code, err }).toEqual({
      code: 3,
      err: `latchkey: process ${process.pid}, which holds ${window.databasePath}, has hung up before the work was done; what it had begun may be incomplete: latchkey scan --resume scans what is left`,
    });
  },
);

test.skipIf(isWindows)(
  "a passphrase that is typed at a command is sealed to the vault of the window",
  async () => {
    await using window = await openWindow();
    const type = openTerminal(window.databasePath, {
      now,
      promptSecret: async () => new Redacted(new Uint8Array(Buffer.from("canary-passphrase"))),
    });
    expect(await type("vault", "create", "--no-recovery")).toMatchObject({ code: 0 });
    expect(await window.app.client.vault.status()).toMatchObject({ state: "open" });
    await window.app.client.vault.lock();
    expect(await type("vault", "unlock")).toMatchObject({ code: 0 });
    // It was opened in the process that does the work, and stays open there, as if it were typed into its page.
    expect(await window.app.client.vault.status()).toMatchObject({ state: "open" });
  },
);

test.skipIf(isWindows)(
  "vault unlock tries the passphrase also where the window has the vault open",
  async () => {
    await using window = await openWindow();
    const file = async (name: string, line: string) => {
      const path = join(window.folder, name);
      await writeFile(path, line, { mode: 0o600 });
      return ["--vault-passphrase-file", path];
    };
    const right = await file("right", "canary-passphrase");
    const wrong = await file("wrong", "another-passphrase");
    const type = openTerminal(window.databasePath, { now });
    await type("vault", "create", "--no-recovery", ...right);
    expect(await window.app.client.vault.status()).toMatchObject({ state: "open" });
    expect(await type("vault", "unlock", ...wrong)).toMatchObject({ code: 3, out: "" });
    expect(await window.app.client.vault.status()).toMatchObject({ state: "open" });
    expect(await type("vault", "unlock", ...right)).toEqual({
      code: 0,
      out: `the passphrase is correct; process ${process.pid} has the vault open until it is locked, or unused for 10 minutes`,
      err: "",
    });
  },
);

test.skipIf(isWindows)("whether the vault is open is said by the window that has opened it", async () => {
  await using window = await openWindow();
  const type = openTerminal(window.databasePath, {
    now,
    promptSecret: async () => new Redacted(new Uint8Array(Buffer.from("canary-passphrase"))),
  });
  await type("vault", "create", "--no-recovery");
  expect((await type("vault", "status")).out).toContain("latchkey.db.vault is open");
  expect((await type("call", "vault.status")).out).toContain('"state":"open"');
  await type("vault", "lock");
  expect((await type("vault", "status")).out).toContain("latchkey.db.vault is locked");
  // Where the window cannot be reached the file is read, and why is printed.
  await window.close();
  await symlink(window.folder, socketFolderOf(window.databasePath));
  expect(await type("vault", "status")).toEqual({
    code: 0,
    out: expect.stringContaining("latchkey.db.vault is locked"),
    err: expect.stringContaining("is a link, or no folder"),
  });
});

test.skipIf(isWindows)(
  "a file that a command names is the one in its own folder, and may be any",
  async () => {
    await using window = await openWindow();
    const config = join(window.folder, "ssh_config");
    await writeFile(config, "Host web9\n  HostName 127.0.0.9\n");
    const type = openTerminal(window.databasePath, { now });
    // A page may not name it: it is no ssh_config of this user's.
    const file = relative(process.cwd(), config);
    const named = await type("targets", "add", "--from-ssh-config", "--ssh-config", file);
    expect(named).toMatchObject({ code: 0 });
    expect((await type("targets", "list")).out).toContain("web9");
  },
);

test.skipIf(isWindows)(
  "a second latchkey serve opens another page of the first, until it is stopped",
  async () => {
    await using window = await openWindow({ isServed: true });
    const stops: (() => void)[] = [];
    const begun = Promise.withResolvers<() => void>();
    const disposed: string[] = [];
    const listening = (name: string) => ({ [Symbol.dispose]: () => void disposed.push(name) });
    const serving = openTerminal(window.databasePath, {
      now,
      onStop: (stop) => {
        stops.push(stop);
        return listening("Ctrl-C");
      },
      onEnter: (pressed) => {
        begun.resolve(pressed);
        return listening("Enter");
      },
    })("serve");
    const press = await begun.promise;
    press();
    // The answer to Enter comes before that to this command.
    await openTerminal(window.databasePath, { now })("targets", "add", "web1");
    expect(disposed).toEqual([]);
    stops[0]?.();
    expect(await serving).toEqual({
      code: 0,
      out: "Latchkey is at http://lk-0.localhost/#launch=1\nLatchkey is at http://lk-0.localhost/#launch=2",
      err: `process ${process.pid} serves this database already: the URL opens another page of it\nthe URL opens one page, within a minute; press Enter for another URL, Ctrl-C to stop`,
    });
  },
);

test.skipIf(isWindows)(
  "latchkey serve finishes the work of other commands when it is stopped, unless it is stopped again",
  async () => {
    for (const isStoppedAgain of [false, true]) {
      await using window = await openWindow({ isServed: true });
      if (!window.acceptance) throw new Error("nobody listens");
      await using silent = await startSilentServer();
      // One that only opens pages is waited for by nobody.
      using joined = await reachOwner(new DatabaseHeld(window.databasePath, "it"));
      await joined?.openPage();
      const scan = await startScan(window.databasePath, say(silent.endpoint));
      const said: string[] = [];
      const ended = waitForCommands(window.acceptance, {
        err: (line) => said.push(line),
        onStop: (stop) => {
          if (isStoppedAgain) stop();
          else scan.stop();
          return { [Symbol.dispose]: () => undefined };
        },
      });
      await ended;
      await window.close();
      expect(said).toEqual([
        "latchkey: this process ends once the work of 1 other command is done; Ctrl-C ends it now",
      ]);
      const { out, err } = await scan.ended;
      expect([out.includes("cancelled"), err.includes("has hung up")]).toEqual([
        !isStoppedAgain,
        isStoppedAgain,
      ]);
    }
  },
);

test.skipIf(isWindows)(
  "a second latchkey serve ends with the first, and serves nothing in another way",
  async () => {
    await using window = await openWindow({ isServed: true });
    const type = openTerminal(window.databasePath, { now });
    const why = `latchkey: ${window.databasePath} is held by process ${process.pid}, which serves its screens as it was started; end it to serve them in another way`;
    for (const words of [["--port", "0"], ["--no-name"], ["--identity", "x"], ["--socket", "x"]])
      expect(await type("serve", ...words)).toEqual({ code: 2, out: "", err: why });
    const ended = openTerminal(window.databasePath, {
      now,
      onStop: () => {
        setImmediate(() => void window.close());
        return { [Symbol.dispose]: () => undefined };
      },
    })("serve");
    expect(await ended).toMatchObject({
      code: 3,
      err: expect.stringContaining(`latchkey: process ${process.pid}, which served the pages, has ended`),
    });
  },
);

test.skipIf(isWindows)(
  "where the process that holds the database has no page, a browser gets none",
  async () => {
    await using window = await openWindow();
    expect(await openTerminal(window.databasePath, { now })("serve")).toEqual({
      code: 3,
      out: "",
      err: `latchkey: ${window.databasePath} is held by process ${process.pid}, which serves no screens to a browser; wait until it has ended, use its window, or serve with --read-only`,
    });
  },
);

/** A scan that goes on until it is stopped; resolves once it has begun. */
async function startScan(path: string, target: string) {
  const stops: (() => void)[] = [];
  const started = Promise.withResolvers<void>();
  const ended = openTerminal(path, {
    now,
    showStatus: () => started.resolve(),
    onStop: (stop) => {
      stops.push(stop);
      return { [Symbol.dispose]: () => undefined };
    },
  })("scan", target);
  await started.promise;
  return { ended, stop: () => stops.at(-1)?.() };
}

test.skipIf(isWindows)(
  "a command that takes long does the work of others, and ends once theirs is done",
  async () => {
    await using folder = await makeTemporaryFolder();
    await using silent = await startSilentServer();
    const path = join(folder.path, "latchkey.db");
    const type = openTerminal(path, { now });
    const first = await startScan(path, say(silent.endpoint));
    expect(await type("targets", "list", "--json")).toMatchObject({ code: 0 });
    expect(await type("targets", "add", "web1")).toMatchObject({ code: 0, err: "" });

    const second = await startScan(path, say(silent.endpoint));
    const order: string[] = [];
    const ends = [
      first.ended.then(({ out }) => order.push(`first: ${out}`)),
      second.ended.then(({ out }) => order.push(`second: ${out}`)),
    ];
    first.stop();
    const isStopped = async () => (await type("call", "scans.list", "{}")).out.includes('"cancelled"');
    while (!(await isStopped()));
    second.stop();
    await Promise.all(ends);
    expect(order).toEqual([
      expect.stringMatching(/^second: .*cancelled/s),
      expect.stringMatching(/^first: .*cancelled/s),
    ]);
    expect(await openTerminal(path, { now, lockWaitMs: 0 })("targets", "add", "web2")).toMatchObject({
      code: 0,
    });
  },
);

test("a command that only reads waits for nobody, and connects to nobody", async () => {
  await using folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "latchkey.db");
  await using _app = createApp({ databasePath, now });
  const type = openTerminal(databasePath, { now, lockWaitMs: 0 });
  for (const words of [["targets", "list"], ["certificates"], ["hosts"], ["findings"], ["runs", "list"]])
    expect(await type(...words)).toMatchObject({ code: 0 });
  expect(await type("targets", "add", "web1")).toMatchObject({
    code: 3,
    err: expect.stringContaining(`${databasePath} is held by process ${process.pid}`),
  });
});
