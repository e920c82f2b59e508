import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { acceptCommands, acceptCommandsOrWarn } from "#shells/socket/accept-commands.ts";
import { createFrames, FRAME } from "#shells/socket/frames.ts";
import { verifyOwner } from "#shells/socket/handshake.ts";
import { reachOwner } from "#shells/socket/reach-owner.ts";
import { makeSocketFolder, openSocketFolder, socketFolderOf } from "#shells/socket/socket-folder.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createTinyApp } from "#testing/tiny-app.ts";

/* Whoever plants something where a command reaches the process that holds the database. */

const isWindows = process.platform === "win32";
const TYPED = "canary-passphrase-typed";

/** A database that this process holds, and that no command can reach yet; and a command line at it. */
async function holdDatabase() {
  const folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "latchkey.db");
  const app = createApp({ databasePath });
  const type = openTerminal(databasePath, {
    lockWaitMs: 0,
    promptSecret: async () => {
      throw new Error("no secret is typed before it is known who receives it");
    },
  });
  return {
    app,
    databasePath,
    folder: folder.path,
    type,
    held: new DatabaseHeld(databasePath, "process 1"),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Listens where a command connects, keeps all that comes, and answers the first frame. */
async function listenInstead(path: string, answer: (socket: Socket) => void = () => undefined) {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => received.push(chunk));
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    received: () => Buffer.concat(received).toString("latin1"),
    [Symbol.dispose]: () => void server.close(),
  };
}

test.skipIf(isWindows)(
  "a link, a file and an open folder in place of the socket's folder are refused, and nothing is sent there",
  async () => {
    await using database = await holdDatabase();
    const { type, databasePath, folder } = database;
    const planted = socketFolderOf(databasePath);
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere, { mode: 0o700 });
    using stranger = await listenInstead(join(elsewhere, "s"));

    await symlink(elsewhere, planted);
    expect(await type("targets", "add", "web1")).toEqual({
      code: 3,
      out: "",
      err: `latchkey: ${planted} is a link, or no folder; nothing is sent there: remove it once no Latchkey runs`,
    });
    await rename(planted, join(folder, "link"));
    await writeFile(planted, "");
    expect((await type("targets", "add", "web1")).err).toContain("is a link, or no folder");
    await rename(planted, join(folder, "file"));
    await rename(elsewhere, planted);
    await chmod(planted, 0o755);
    expect((await type("vault", "create")).err).toContain(
      `${planted} is open to other users; nothing is sent`,
    );
    expect(stranger.received()).toBe("");
  },
);

test.skipIf(isWindows)(
  "whoever listens there without the secret gets a greeting, and neither a call nor what is typed",
  async () => {
    await using database = await holdDatabase();
    const { type, held, databasePath } = database;
    const folder = makeSocketFolder(databasePath);
    const answers = {
      verification: JSON.stringify({
        protocol: 1,
        version: "0.1.0",
        contract: "not built",
        nonce: "A".repeat(43),
        pid: 1,
        hmac: "A".repeat(43),
      }),
      ready: JSON.stringify({ warnings: [] }),
      nonsense: "}{",
      empty: "",
    };
    for (const answer of Object.values(answers)) {
      using stranger = await listenInstead(folder.socketPath, (socket) =>
        createFrames(socket, 1).send(FRAME.handshake, answer),
      );
      const { code, err } = await type("vault", "create");
      expect({ code, err }).toEqual({
        code: 3,
        err: expect.stringMatching(/nothing was (sent there|changed): close that process/),
      });
      expect(stranger.received()).toMatch(
        /^.{5}\{"version":"0\.1\.0","contract":"not built","protocol":1,"nonce":"[\w-]{43}"\}$/s,
      );
      expect(stranger.received()).not.toContain(TYPED);
    }
    // One that says nothing at all is not waited for.
    using _silent = await listenInstead(folder.socketPath);
    await expect(reachOwner(held, { handshakeMs: 20 })).rejects.toThrow(
      "which does not answer; nothing was changed",
    );
    folder.close();
  },
);

test.skipIf(isWindows)(
  "the folder of another database, moved in place of this one's, leads nowhere",
  async () => {
    await using one = await holdDatabase();
    await using other = await holdDatabase();
    await using acceptance = await acceptCommands({ app: other.app });
    expect(acceptance).not.toBeNull();
    await rename(socketFolderOf(other.databasePath), socketFolderOf(one.databasePath));
    expect(await one.type("targets", "add", "web1")).toEqual({
      code: 3,
      out: "",
      err: expect.stringContaining("has not verified that it holds this database; nothing was sent there"),
    });
    expect(await other.app.client.targets.list()).toEqual([]);
  },
);

test.skipIf(isWindows)(
  "nor is a database reached that was moved here while another one is held",
  async () => {
    await using one = await holdDatabase();
    await using _acceptance = await acceptCommands({ app: one.app });
    await rename(one.databasePath, `${one.databasePath}.away`);
    await writeFile(one.databasePath, await readFile(`${one.databasePath}.away`), { mode: 0o600 });
    expect((await one.type("targets", "add", "web1")).err).toContain(
      "has not verified that it holds this database",
    );
  },
);

test.skipIf(isWindows)(
  "whoever connects and has not the secret makes no call, whatever is sent, and fills no memory",
  async () => {
    await using folder = await makeTemporaryFolder();
    const databasePath = join(folder.path, "latchkey.db");
    await writeFile(databasePath, "");
    const tiny = createTinyApp();
    await using _acceptance = await acceptCommands({
      app: { router: tiny.router, warnings: [], heldPath: databasePath },
    });
    const call = JSON.stringify({ i: "1", p: { u: "/ask", b: { json: "x" } } });
    const hello = JSON.stringify({ protocol: 1, version: "0", contract: "0", nonce: "A".repeat(43) });
    const attempts: [kind: 0 | 1 | 2, text: string][][] = [
      [[FRAME.contract, call]],
      [
        [FRAME.ping, ""],
        [FRAME.contract, call],
      ],
      [
        [FRAME.handshake, hello],
        [FRAME.contract, call],
      ],
      [
        [FRAME.handshake, hello],
        [FRAME.handshake, JSON.stringify({ hmac: "A".repeat(43) })],
        [FRAME.contract, call],
      ],
      [
        [FRAME.handshake, hello],
        [FRAME.handshake, JSON.stringify({ hmac: 7 })],
        [FRAME.contract, call],
      ],
      [[FRAME.handshake, "x".repeat(5_000)]],
    ];
    for (const attempt of attempts) {
      const socket = connect(join(socketFolderOf(databasePath), "s"));
      const frames = createFrames(socket, 4_096);
      for (const [kind, text] of attempt) frames.send(kind, text);
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect(tiny.countCalls()).toBe(0);

    // One that has the secret, and sends no call: it loses its connection, and nobody else notices.
    const opened = openSocketFolder(databasePath);
    const socket = connect(join(socketFolderOf(databasePath), "s"));
    const frames = createFrames(socket, 4_096);
    const shared = {
      secret: opened?.readSecret() ?? Buffer.alloc(0),
      identity: opened?.readIdentity() ?? "",
    };
    expect(await verifyOwner(frames, shared)).toMatchObject({ kind: "verified" });
    frames.send(FRAME.contract, "}{");
    await new Promise((resolve) => socket.once("close", resolve));
    opened?.close();
  },
);

test.skipIf(isWindows)(
  "who listens uses no folder that somebody has planted, follows no link, and says so",
  async () => {
    await using database = await holdDatabase();
    const { app, databasePath, folder } = database;
    const planted = socketFolderOf(databasePath);
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere, { mode: 0o700 });
    await writeFile(join(elsewhere, "secret"), "theirs");
    await symlink(elsewhere, planted);
    const warnings: string[] = [];
    expect(await acceptCommandsOrWarn({ app, warn: (sentence) => warnings.push(sentence) })).toBeNull();
    expect(warnings).toEqual([expect.stringContaining(`${planted} is a link, or no folder`)]);
    expect(await readFile(join(elsewhere, "secret"), "utf8")).toBe("theirs");

    // Within a folder of ours, what lies there is of a process that was killed: it is removed, and no link is followed.
    await rename(planted, join(folder, "link"));
    await mkdir(planted, { mode: 0o700 });
    for (const name of ["s", "secret"]) await symlink(join(elsewhere, "secret"), join(planted, name));
    await using acceptance = await acceptCommands({ app });
    expect(acceptance).not.toBeNull();
    expect(await readFile(join(elsewhere, "secret"), "utf8")).toBe("theirs");
    expect(await database.type("targets", "add", "web1")).toMatchObject({ code: 0 });
  },
);

test.skipIf(isWindows)("a listener that has ended leaves nothing in the folder of the database", async () => {
  await using database = await holdDatabase();
  await (await acceptCommands({ app: database.app }))?.[Symbol.asyncDispose]();
  expect(existsSync(socketFolderOf(database.databasePath))).toBe(false);
  expect((await readdir(database.folder)).filter((name) => name.includes("socket"))).toEqual([]);
});

test.skipIf(isWindows)(
  "a command that is killed while it is answered takes nobody else with it",
  async () => {
    await using folder = await makeTemporaryFolder();
    const databasePath = join(folder.path, "latchkey.db");
    await writeFile(databasePath, "");
    const { router } = createTinyApp();
    await using acceptance = await acceptCommands({ app: { router, warnings: [], heldPath: databasePath } });
    const opened = openSocketFolder(databasePath);
    const shared = {
      secret: opened?.readSecret() ?? Buffer.alloc(0),
      identity: opened?.readIdentity() ?? "",
    };
    opened?.close();
    const connectVerified = async () => {
      const socket = connect(join(socketFolderOf(databasePath), "s"));
      const frames = createFrames(socket, 4_096);
      await verifyOwner(frames, shared);
      return { socket, frames };
    };
    const call = (json: string) => JSON.stringify({ i: "1", p: { u: "/ask", b: { json } } });
    const killed = await connectVerified();
    for (let count = 0; count < 50; count++) killed.frames.send(FRAME.contract, call("x".repeat(100_000)));
    await new Promise((resolve) => killed.socket.write("", resolve));
    killed.socket.destroy();
    const other = await connectVerified();
    while ((acceptance?.countCommands() ?? 0) > 1) {
      other.frames.send(FRAME.ping);
      await other.frames.next(60_000);
    }
    other.frames.send(FRAME.contract, call("on"));
    expect(await other.frames.next(60_000)).toEqual({
      kind: FRAME.contract,
      text: expect.stringContaining("ON"),
    });
    other.socket.destroy();
  },
);
