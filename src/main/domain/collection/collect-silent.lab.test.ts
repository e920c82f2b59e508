import { readFileSync } from "node:fs";
import { join } from "node:path";
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

const SILENT_MOUNT = readFileSync(join(import.meta.dirname, "../../testing/attacks/silent-mount.py"), "utf8");

/**
 * Programs that take what they are asked, and answer nothing: whoever has asked one cannot be killed. One is root's, one an
 * ordinary user's; links lead there from a user's home, from his kubeconfig, and from /opt.
 */
const TAKEN = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
for name in alice dave eve frank; do useradd --create-home $name; done
mknod /tmp/fuse c 10 229; mkdir /srv/taken; usermod --home /srv/taken/dave dave
cat > /tmp/silent.py <<'END'
${SILENT_MOUNT}
END
for home in /home/alice /home/frank; do mkdir -m 700 $home/.ssh; echo 'ssh-ed25519 AAAA' > $home/.ssh/authorized_keys; done
mv /home/frank/.ssh /home/frank/kept; ln -s /srv/taken/ssh /home/frank/.ssh
ln -s /srv/taken/id /home/alice/.ssh/id_ed25519; mkdir /home/alice/.kube
printf 'apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority: /srv/taken/ca.pem\n' > /home/alice/.kube/config
chown -R alice: /home/alice; chown -R frank: /home/frank
rm -rf /opt; ln -s /srv/taken /opt; mv /etc/cron.d /etc/cron.kept; ln -s /srv/taken /etc/cron.d
python3 /tmp/silent.py /tmp/fuse /srv/taken 0
python3 /tmp/silent.py /tmp/fuse /home/eve $(id -u eve)
`;

test("a program that takes what it is asked and never answers holds nobody's scan, wherever links lead there", async () => {
  await using host = await startHost({ name: "taken", prepare: TAKEN });
  for (const user of [undefined, "alice"]) {
    const told = readCollection(await runCollector(host, user ? { user } : {}), { nonce: null });
    expect(told?.incomplete).toBeNull();
    const why = "it lies on a mount that does not answer, so it was not read";
    const silent = told?.unreadable
      .filter((one) => one.why === why)
      .map(({ kind, path }) => `${kind} ${path}`);
    expect(silent).toEqual(
      expect.arrayContaining([
        "home /srv/taken/dave",
        "home /home/eve",
        ...(user ? [] : ["authorized-keys /home/frank/.ssh/authorized_keys"]),
        "key-file /home/alice/.ssh/id_ed25519",
        "certificate-file /srv/taken/ca.pem",
        "keystore /opt",
        "setuid /opt",
        "workload /etc/cron.d",
      ]),
    );
    expect(told?.authorizedKeys.find(({ accounts }) => accounts.includes("alice"))?.bytes).not.toBeNull();
    expect(told?.workloads?.processes.length).toBeGreaterThan(0);
  }
});

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
