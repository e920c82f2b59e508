import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import { openStore, type Store } from "#store/store.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type AcceptHostKey, createHostKeys } from "./host-keys.ts";

test("what is no key at all is trusted by nobody, whatever the user accepts", async () => {
  await using folder = await makeTemporaryFolder();
  const store = openStore({ path: ":memory:", access: "write" });
  const deps = { store, accept: acceptInto(store), readKnownHostsFiles, now: () => new Date() };
  const hostKeys = await createHostKeys(deps, { home: folder.path, acceptNew: true });
  const host = { name: "web1.example", port: 22, knownAs: WEB1 };
  const { verify } = hostKeys.check(host);
  expect(await verify({ ...WEB1, blob: Buffer.from("no key") })).toMatchObject({
    kind: "refused",
    outcome: "host-key-unknown",
  });
  expect(store.pins.find("web1.example", 22)).toBeNull();
});

test("a key that known_hosts has revoked is refused, and is a finding as a changed one is", async () => {
  await using folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh"));
  await writeFile(join(folder.path, ".ssh/known_hosts"), `@revoked * ssh-ed25519 ${KEY}\n`);
  const store = openStore({ path: ":memory:", access: "write" });
  const deps = { store, accept: acceptInto(store), readKnownHostsFiles, now: () => new Date() };
  const hostKeys = await createHostKeys(deps, { home: folder.path, acceptNew: true });
  const host = { name: "web1.example", port: 22, knownAs: WEB1 };
  const { verify, findAgainst } = hostKeys.check(host);
  expect(await verify({ ...WEB1, blob: Buffer.from(KEY, "base64") })).toMatchObject({
    kind: "refused",
    outcome: "host-key-changed",
  });
  expect(findAgainst()).toEqual({
    isRevoked: true,
    evidence: expect.stringMatching(/^revoked at .*known_hosts:1$/),
  });
});

test("a host that an authority vouches for gets no pin while it has not answered for its certificate, and is tried again", async () => {
  await using folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh"));
  await writeFile(join(folder.path, ".ssh/known_hosts"), `@cert-authority * ssh-ed25519 ${AUTHORITY}\n`);
  const store = openStore({ path: ":memory:", access: "write" });
  const deps = { store, accept: acceptInto(store), readKnownHostsFiles, now: () => new Date() };
  const hostKeys = await createHostKeys(deps, { home: folder.path, acceptNew: true });
  const host = { name: "web1.example", port: 22, knownAs: WEB1 };
  const check = hostKeys.check(host);
  expect(check.wantsCertificate()).not.toEqual([]);
  check.takeCertificate({ kind: "unanswered", why: "the host hung up" });
  expect(await check.verify({ ...WEB1, blob: Buffer.from(KEY, "base64") })).toMatchObject({
    outcome: "host-key-unknown",
    transient: "refused",
    message: expect.stringMatching(/vouched for by the authority at .*: the host hung up$/),
  });
  expect(check.wantsCertificate()).toEqual([]);
  expect(store.pins.find("web1.example", 22)).toBeNull();

  const next = hostKeys.check(host);
  next.takeCertificate({ kind: "none", why: "it has none" });
  expect(await next.verify({ ...WEB1, blob: Buffer.from(KEY, "base64") })).toEqual({ kind: "trusted" });
});

const acceptInto =
  (store: Store): AcceptHostKey =>
  async (key, at) =>
    store.pins.put({ ...key, source: "accepted", pinnedAt: at });

const WEB1 = { host: "web1.example", port: 22 };

const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIEk7pG3EOuahO3pRt3B/BNbSZAxiML3FIh8uI5iDs52u";
const AUTHORITY = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
