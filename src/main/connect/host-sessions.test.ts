import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import { RETRY_POLICY } from "#net/tasks.ts";
import { Redacted } from "#shared/model/secret.ts";
import { openStore } from "#store/store.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createConnections } from "./connect-to-host.ts";
import { createSessions } from "./host-sessions.ts";
import { createSshConfigLoader } from "./load-ssh-config.ts";

const hostKey = makeKeyPair();
const passphrase = "siskin";

/** A run's sessions to hosts on this computer, with one usable key and a usual key file that is locked. */
async function makeSessions(hosts: readonly { port: number }[], config = "") {
  const folder = await makeTemporaryFolder();
  const home = folder.path;
  const [other, ssh] = [join(home, "other"), join(home, ".ssh")];
  await mkdir(ssh);
  await writeFile(other, makeKeyPair().private);
  await writeFile(join(ssh, "id_ed25519"), makeLockedKey({ passphrase }));
  await writeFile(join(ssh, "config"), config);
  const known = hosts.map(({ port }) => `[127.0.0.1]:${port} ${hostKey.public.trim()}\n`);
  await writeFile(join(ssh, "known_hosts"), known.join(""));
  const store = openStore({ path: ":memory:", access: "write" });
  const workstation = { user: "jo", home, agentSocket: null };
  const accept = () => Promise.reject(new Error("no key is accepted here"));
  const noteKeys = async () => undefined;
  const ways = { store, accept, workstation, now: () => new Date(), retryPolicy: RETRY_POLICY, noteKeys };
  const asked: string[] = [];
  const ask: PromptUser = async ({ about }) => {
    asked.push(about.kind);
    return { answers: [new Redacted(passphrase)], isForSameUser: false };
  };
  const loadSshConfig = createSshConfigLoader();
  const deps = { openConnections: createConnections(ways), workstation, loadSshConfig };
  const openSessions = createSessions({ ...deps, trace: () => undefined }, "");
  const requestTo = (host: string, port: number) => ({
    target: { kind: "ssh" as const, host, port, user: "jo" },
    useSudo: false,
    transport: "ssh2" as const,
    hostKey: null,
  });
  return {
    asked,
    requestTo,
    open: (requests: readonly ReturnType<typeof requestTo>[]) => {
      const { signal } = new AbortController();
      return openSessions({
        name: "run 1",
        requests,
        identityFiles: [other],
        mayPrompt: true,
        promptUser: ask,
        signal,
      });
    },
    async [Symbol.asyncDispose]() {
      store.close();
      await folder.remove();
    },
  };
}

const hasNothingToDo = async () => undefined;

test("a host that refuses the keys is logged in to again once a locked key is opened, and each later one once", async () => {
  const shut = { run: null, admits: () => false, hostKey: hostKey.private };
  await using first = await startSshServer(shut);
  await using second = await startSshServer(shut);
  await using desk = await makeSessions([first, second]);
  const requests = [first, second].map(({ port }) => desk.requestTo("127.0.0.1", port));
  const sessions = await desk.open(requests);
  for (const request of requests)
    expect(await sessions.connectToHost(request, hasNothingToDo)).toMatchObject({ outcome: "login-refused" });
  expect(desk.asked).toEqual(["passphrase"]);
  expect([first.seen.clients, second.seen.clients]).toEqual([2, 1]);
});

test("a jump host that only a locked key opens leads to all hosts behind it, though it refused the others", async () => {
  const admits = ({ keyIndex }: { keyIndex: number }) => keyIndex === 1;
  await using jump = await startSshServer({ run: null, admits, forwards: true, hostKey: hostKey.private });
  await using web = await startSshServer({ run: null, hostKey: hostKey.private });
  await using data = await startSshServer({ run: null, hostKey: hostKey.private });
  const config = `Host web data\nHostName 127.0.0.1\nProxyJump 127.0.0.1:${jump.port}\n`;
  await using desk = await makeSessions([jump, web, data], config);
  const requests = [desk.requestTo("web", web.port), desk.requestTo("data", data.port)];
  const sessions = await desk.open(requests);
  await Promise.all(requests.map((request) => sessions.connectToHost(request, hasNothingToDo)));
  expect(desk.asked).toEqual(["passphrase"]);
  expect([jump.seen.clients, web.seen.clients, data.seen.clients]).toEqual([2, 1, 1]);
});
