import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startHost } from "#testing/lab/start-host.ts";

/**
 * Two accounts with a key each. `dora` is in a directory: she is in no file of the host, and getent lists her as long
 * as the directory can be reached.
 */
const withDirectory = (publicKey: string): string => `
  ${letIn(publicKey)} ${letIn(publicKey, "own")} ${letIn(publicKey, "dora")}
  getent passwd dora > /srv/directory
  sed -i '/^dora:/d' /etc/passwd /etc/shadow
  sed -i 's/^passwd:.*/passwd: files sss/' /etc/nsswitch.conf
  grep -q sss /etc/nsswitch.conf || echo 'passwd: files sss' >> /etc/nsswitch.conf
  mv "$(command -v getent)" /usr/local/bin/real-getent
  printf '%s\\n' '#!/bin/sh' '/usr/local/bin/real-getent "$@" || exit' \\
    '[ "$1 $#" != "passwd 1" ] || cat /srv/directory 2>/dev/null || :' > /usr/bin/getent
  chmod 755 /usr/bin/getent
`;

test("grants of a directory's accounts stay while it cannot be reached, and those of an account that was removed go", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({ name: "web1", prepare: withDirectory(desk.publicKey) });
  await using app = desk.open();
  const scan = () => scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  const accounts = async () =>
    (await app.client.access.list({})).rows.map(({ account }) => account).toSorted();
  const coverage = async () => {
    const [row] = (await app.client.hosts.list({})).rows;
    return (await app.client.hosts.find({ id: row?.id ?? 0 }))?.coverage.notRead ?? [];
  };

  expect(await scan()).toMatchObject([{ state: "ok" }]);
  expect(await accounts()).toEqual(["dora", "own", "root"]);
  expect(await coverage()).toContainEqual({
    what: "sss",
    why: "accounts that this directory alone has may not be listed",
  });

  await host.run("mv /srv/directory /srv/offline; userdel own");
  expect(await scan()).toMatchObject([{ state: "ok" }]);
  expect(await accounts()).toEqual(["dora", "root"]);
  expect(await coverage()).toContainEqual({
    what: "account dora",
    why: "it was not listed this time: what is known of it and its grants stays as it was",
  });

  await host.run("mv /srv/offline /srv/directory; rm /home/dora/.ssh/authorized_keys");
  expect(await scan()).toMatchObject([{ state: "ok" }]);
  expect(await accounts()).toEqual(["root"]);
}, 60_000);
