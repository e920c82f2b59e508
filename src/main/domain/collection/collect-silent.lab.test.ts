import { expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

/** A mount whose server process never answers, like the mount of a machine that is down. */
const PREPARE = `
for name in alice bob carol; do useradd --create-home $name; done
mkdir "/home/far away"; usermod --home "/home/far away/bob" bob; usermod --home /home/near/carol carol
mkdir -m 755 /home/near; mount -t tmpfs none /home/near; cp -a /home/alice /home/near/carol
for home in /home/alice /home/near/carol; do
  mkdir -m 700 $home/.ssh; echo 'ssh-ed25519 AAAA' > $home/.ssh/authorized_keys
done
chown -R alice /home/alice; chown -R carol /home/near/carol
mknod /tmp/fuse c 10 229; exec 9<>/tmp/fuse
mount -i -t fuse.test -o fd=9,rootmode=40000,user_id=0,group_id=0,allow_other none "/home/far away"
sleep infinity >/dev/null 2>&1 &
exec 9<&-
ln -s "/home/far away" /opt/far; mkdir -p /opt/app; ln -s /opt/far/conf /opt/app/conf
`;

test.for(["dash", "busybox sh"])(
  "homes on a mount that does not answer are named, and all else is read, in %s",
  async (shell) => {
    await using host = await startHost({ name: "mounts", prepare: PREPARE });
    const told = readCollection(await runCollector(host, { shell }), { nonce: null });
    expect(told?.incomplete).toBeNull();
    expect(told?.authorizedKeys.map(({ path }) => path)).toEqual([
      "/home/alice/.ssh/authorized_keys",
      "/home/near/carol/.ssh/authorized_keys",
    ]);
    expect(told?.unreadable.filter(({ path }) => path.startsWith("/opt/"))).toEqual([
      {
        kind: "keystore",
        path: "/opt/far",
        why: "it lies on a mount that does not answer, so it was not read",
      },
    ]);
    const why = "it lies on a mount that does not answer, so it was not read";
    expect(told?.unreadable.filter(({ path }) => path.startsWith("/home/"))).toEqual([
      { kind: "home", path: "/home/far away/bob", why },
      { kind: "key-file", path: "/home/far away/bob/.ssh", why },
      { kind: "outbound", path: "/home/far away/bob", why },
    ]);
  },
);

test("where a directory does not answer, the accounts of the host are told", async () => {
  await using host = await startHost({
    name: "directory",
    prepare:
      "useradd --create-home alice; printf '#!/bin/sh\\nprintf alice:x:1:1::/home/al; exec sleep 60\\n' > /usr/bin/getent",
  });
  const told = readCollection(await runCollector(host), { nonce: null });
  expect(told?.incomplete).toBeNull();
  expect(told?.accounts.find(({ name }) => name === "alice")).toMatchObject({ home: "/home/alice" });
  expect(told?.unreadable).toContainEqual({
    kind: "limit",
    path: "getent",
    why: "the collector ran out of time here: the rest was left out",
  });
});
