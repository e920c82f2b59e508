import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import ssh2 from "ssh2";
import { beforeAll, expect, test } from "vitest";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { hostile } from "#testing/faults/hostile-servers.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { startSshAgent } from "#testing/ssh/ssh-agent.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type ClientOptions, collectBySsh } from "./collect-by-ssh.ts";
import { findSsh } from "./find-ssh.ts";

const NONCE = "0123456789abcdef";
const WHOLE = `welcome\nlatchkey-collection 1 ${NONCE}\nend 0 ${NONCE} none\n`;
const ssh = findSsh();
const hostKey = makeKeyPair();
const HOST_BLOB = (ssh2.utils.parseKey(hostKey.private) as ssh2.ParsedKey).getPublicSSH();

const NO_LOGIN = {
  ...{ hostKeyAlias: null, agentSocket: null, proxyCommand: null, certificateFiles: [] },
  ...{ pkcs11Provider: null, securityKeyProvider: null, gssapi: false },
};

async function makeDesk() {
  const folder = await makeTemporaryFolder();
  const key = await makeKeyFile(folder.path, "id");
  const visit = (server: { host: string; port: number }, wish: Partial<ClientOptions> = {}) =>
    collectBySsh({
      ...{ ssh: ssh ?? "", user: "jo", useSudo: false, nonce: NONCE, collectorScript: "true\n" },
      ...{ target: { host: server.host, port: server.port }, hostKeyTypes: ["ssh-ed25519"] },
      login: { address: server.host, ...NO_LOGIN, ...wish.login },
      keys: [{ kind: "file", path: key.path, keyType: "ssh-ed25519", fingerprint: key.fingerprint }],
      trustedKeys: [HOST_BLOB],
      verifyHostKey: ({ blob }) =>
        HOST_BLOB.equals(blob)
          ? { kind: "trusted" }
          : { kind: "refused", outcome: "host-key-changed", message: "not that one" },
      limits: SSH_LIMITS,
      signal: new AbortController().signal,
      ...wish,
    });
  return { folder, key, visit, [Symbol.asyncDispose]: () => folder.remove() };
}

const serve = (run: Parameters<typeof startSshServer>[0]["run"]) =>
  startSshServer({ run, hostKey: hostKey.private });

test("a host is read: what it says, its key, and the key that let us in", async () => {
  await using desk = await makeDesk();
  let given = "";
  await using server = await serve(async ({ channel, script }) => {
    given = await script;
    channel.write(WHOLE);
    channel.exit(3);
    channel.end();
  });
  expect(await desk.visit(server)).toMatchObject({
    ...{ state: "ok", outcome: "collected", stream: Buffer.from(WHOLE), loginKey: desk.key.fingerprint },
    hostKey: { keyType: "ssh-ed25519", blob: Uint8Array.from(HOST_BLOB) },
    ending: "the script ended with status 3",
  });
  expect(given).toContain(`--login-key '${desk.key.fingerprint}' --login-account 'jo'`);
  await server.untilLeft();
});
