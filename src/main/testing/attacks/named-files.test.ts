/** A page that has a session, as a hostile browser extension may, names files of this computer. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import { expect, test } from "vitest";
import type { z } from "zod";
import { createApp } from "#app";
import { contract, type LatchkeyClient } from "#shared/contract/index.ts";
import { findNamedFiles } from "#shared/model/local-file.ts";
import { servePorts } from "#shells/electron/core/core-messages.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const SECRET = "root:$6$canary$canary:19000:0:99999:7:::";

test("a page gets no line of a file that is no ssh_config of this user's", async () => {
  await using desk = await openDesk();
  for (const path of desk.foreign)
    for (const call of [
      desk.page.targets.preview,
      desk.page.scans.start,
      desk.page.targets.add,
      desk.page.targets.remove,
    ])
      expect(await said(() => call({ text: "web1", sshConfigFile: path } as never))).toMatch(
        /cannot be named here, for it is not your ssh_config; name it when Latchkey is started \(--ssh-config/,
      );
  const own = await desk.page.targets.preview({ text: "web1", sshConfigFile: "~/.ssh/config" });
  expect(own.total).toBe(1);
});

test("whoever types commands may name any file, and what was named at the start a page may name", async () => {
  await using desk = await openDesk();
  const byUser = await said(() =>
    desk.user.targets.preview({ text: "web1", sshConfigFile: desk.shadow, skipBroken: true }),
  );
  expect(byUser).not.toContain("cannot be named");
  await using started = await openDesk({ sshConfigs: [desk.shadow], identities: [], programs: [] });
  const byPage = await said(() => started.page.targets.preview({ text: "web1", sshConfigFile: desk.shadow }));
  expect(byPage).not.toContain("cannot be named");
});

test("a page logs in with, signs with and overwrites no key that is not in ~/.ssh", async () => {
  await using desk = await openDesk();
  const { page, foreign } = desk;
  const fingerprint = `SHA256:${"A".repeat(43)}`;
  const request = { kind: "rotate-key", fingerprint } as const;
  for (const path of [...foreign, "~/.ssh", "~/.ssh/", "~/.ssh/../.profile"]) {
    const identityFiles = [join(desk.home, ".ssh/id_ed25519"), path];
    const calls = [
      () => page.scans.start({ text: "web1", identityFiles }),
      () => page.runs.plan({ request, identityFiles }),
      () => page.runs.plan({ request: { ...request, newKey: path } }),
      () => page.runs.plan({ request: { ...request, keyFile: path } }),
      () => page.runs.plan({ request: { kind: "add-grants", key: path, accounts: [PLACE] } }),
      () => page.runs.start({ planId: 1 as never, hash: "0".repeat(64) as never, identityFiles }),
      () => page.runs.resume({ runId: 1 as never, identityFiles }),
      () => page.runs.rollBack({ runId: 1 as never, identityFiles }),
      () => page.runs.repair({ runId: 1 as never, approved: [], identityFiles }),
      () => page.runs.importPlan({ plan: {}, hash: "0".repeat(64) as never, identityFiles }),
      () => page.runs.exportScripts({ planId: 1 as never, signWith: path }),
    ];
    for (const call of calls)
      expect(await said(call)).toContain("cannot be named here, for it is not in your ~/.ssh");
  }
});

test("a page has no program run that no command line has given an issuer", async () => {
  await using desk = await openDesk();
  const program = join(desk.home, "hook");
  await writeFile(program, "#!/bin/sh\nexit 0\n");
  await chmod(program, 0o755);
  const challenge = { kind: "dns-hook", program } as const;
  const request = { name: "le", directory: "https://127.0.0.1:1/dir" };
  const add = () => desk.page.issuers.addAcme({ ...request, challenge });
  expect(await said(add)).toContain("for no issuer has this program");
  expect(await said(() => desk.page.issuers.setChallenge({ name: "le", challenge }))).toContain(
    "no issuer has",
  );
});

/**
 * Each text of the contract that may be a path, and what it means on this computer; null: it is a path on a host, or is
 * only searched for.
 */
test("every field by which a caller may name a file of this computer is marked as one", () => {
  const marked = Object.entries(contract).flatMap(([group, names]) =>
    Object.entries(names).flatMap(([name, procedure]) => {
      const schema = procedure["~orpc"].inputSchema;
      return schema
        ? pathsOf(schema as unknown as z.ZodType).map((field) => `${group}.${name} ${field}`)
        : [];
    }),
  );
  expect([...new Set(marked)].toSorted()).toMatchInlineSnapshot(`
    [
      "issuers.addAcme path: not of this computer",
      "issuers.addAcme profile: not of this computer",
      "issuers.addAcme program: program",
      "issuers.set profile: not of this computer",
      "issuers.setChallenge path: not of this computer",
      "issuers.setChallenge program: program",
      "reviews.plan identityFiles: identity",
      "reviews.sign key: identity",
      "runs.exportScripts signWith: identity",
      "runs.importPlan identityFiles: identity",
      "runs.importPlan plan: plan",
      "runs.plan authority: key-or-identity",
      "runs.plan config: not of this computer",
      "runs.plan identityFiles: identity",
      "runs.plan key: key-or-identity",
      "runs.plan keyFile: new-key",
      "runs.plan keyFile: not of this computer",
      "runs.plan newKey: key-or-identity",
      "runs.plan path: not of this computer",
      "runs.plan program: program",
      "runs.repair identityFiles: identity",
      "runs.repair path: not of this computer",
      "runs.resume identityFiles: identity",
      "runs.rollBack identityFiles: identity",
      "runs.start identityFiles: identity",
      "runs.undo identityFiles: identity",
      "scans.start identityFiles: identity",
      "scans.start sshConfigFile: ssh-config",
      "targets.add sshConfigFile: ssh-config",
      "targets.preview sshConfigFile: ssh-config",
      "targets.remove sshConfigFile: ssh-config",
    ]
  `);
});

/** The fields of a schema that are named like files, and how each is marked. */
function pathsOf(schema: z.ZodType, name = ""): string[] {
  const [marked] = findNamedFiles(schema, "");
  if (marked) return [`${name}: ${marked.use}`];
  const { def } = schema._zod as unknown as { def: Record<string, never> };
  const inner: z.ZodType | undefined = def.innerType ?? def.in ?? def.element;
  if (inner) return pathsOf(inner, name);
  if (def.options) return (def.options as z.ZodType[]).flatMap((option) => pathsOf(option, name));
  if (def.shape)
    return Object.entries(def.shape as Record<string, z.ZodType>).flatMap(([key, field]) =>
      pathsOf(field, key),
    );
  return /path|file|folder|program|socket|config|with$|given/i.test(name)
    ? [`${name}: not of this computer`]
    : [];
}

const PLACE = { host: "web1", port: 22, account: "root" } as never;

/** An app with a page at a port, as the desktop window has it; and the same app by commands. */
async function openDesk(startFiles = { sshConfigs: [] as string[], identities: [], programs: [] }) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  await writeFile(join(home, ".ssh/config"), "Host web1\n  HostName 127.0.0.1\n", { mode: 0o600 });
  const shadow = join(folder.path, "shadow");
  await writeFile(shadow, `${SECRET}\n`);
  const workstation = { user: "me", home, agentSocket: null };
  const app = stack.use(
    createApp({ databasePath: join(folder.path, "latchkey.db"), workstation, startFiles }),
  );
  const { port1, port2 } = stack.adopt(new MessageChannel(), ({ port1 }) => port1.close());
  servePorts(app, { on: (_, listener) => listener({ ports: [port1 as never] }) });
  const page = createORPCClient<LatchkeyClient>(new RPCLink({ port: port2 as never }));
  port2.start();
  expect(await readFile(shadow, "utf8")).toContain("canary");
  return {
    page,
    home,
    shadow,
    user: app.client,
    foreign: [
      shadow,
      "/etc/shadow",
      "/proc/self/environ",
      "~/.ssh/../../shadow",
      `${home}/.ssh-other/id`,
      "shadow",
    ],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The sentence that refuses a call; if it is not refused, its answer. */
const said = (call: () => Promise<unknown>): Promise<string> =>
  call().then(
    (reply) => JSON.stringify(reply),
    (error: Error) => error.message,
  );
