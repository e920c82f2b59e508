import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";

/**
 * Files that an account can read only through one of its groups, or that only root can read, and a link to one of
 * those.
 */
const PREPARE = `
  groupadd keepers; useradd --create-home -G keepers alice; useradd --create-home mallory
  mkdir -m 700 /home/alice/.ssh /home/mallory/.ssh /root/closed
  echo '# of a group' > /home/alice/.ssh/authorized_keys; chgrp keepers /home/alice/.ssh/authorized_keys
  chmod 640 /home/alice/.ssh/authorized_keys
  ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f /home/alice/.ssh/id_alice; chown alice: /home/alice/.ssh /home/alice/.ssh/id*
  ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f /root/closed/id_root; echo '# CANARY' > /root/closed/words
  ln -s /root/closed/words /home/mallory/.ssh/authorized_keys; ln -s /root/closed/id_root /home/mallory/.ssh/id_mallory
  ln -s /root/closed/words /home/mallory/.ssh/known_hosts; chown -hR mallory: /home/mallory/.ssh`;

/** Programs by which root gives up its rights, best first; each is tried with those before it missing. */
const WAYS = ["setpriv", "chroot", "su"];

test.skipIf(!canStartHosts())(
  "however root can give up its rights, and where it cannot, an account's files are read and root's are not",
  async () => {
    await using host = await startHost({ name: "rights", prepare: PREPARE });
    const root = (await host.run("ssh-keygen -y -f /root/closed/id_root")).split(" ")[1] ?? "?";
    for (let gone = 0; gone <= WAYS.length; gone++) {
      const hide = WAYS.slice(0, gone).map((tool) => `mount --bind /usr/bin/false "$(command -v ${tool})"`);
      const stream = await runCollector(host, {
        wrap: ["unshare", "--mount", "sh", "-c", [...hide, 'exec "$@"'].join("\n"), "sh"],
      });
      const told = readCollection(stream, { nonce: null });
      const keys = told?.authorizedKeys.map(({ path, bytes }) => [
        path,
        bytes && Buffer.from(bytes).toString(),
      ]);
      expect({ gone, keys }).toEqual({
        gone,
        keys: [
          ["/home/alice/.ssh/authorized_keys", "# of a group\n"],
          ["/home/mallory/.ssh/authorized_keys", null],
        ],
      });
      const files = told?.keyFiles.filter(({ path }) => path.startsWith("/home/"));
      expect({ gone, files: files?.map(({ path, blob }) => [path, blob !== null]) }).toEqual({
        gone,
        files: [["/home/alice/.ssh/id_alice", true]],
      });
      expect(stream.includes(root)).toBe(false);
      expect(told?.reach.outbound.map(({ path }) => path)).not.toContain("/home/mallory/.ssh/known_hosts");
    }
  },
);

/** Each program records its arguments, and the folder where it was started. */
const NOTING = WAYS.map(
  (tool) => `real=$(command -v ${tool}); cp "$real" /run/real-${tool}
    printf '#!/bin/sh\\n{ env; cat diary; } >>/run/given 2>/dev/null; echo ${tool} >>/run/used\\nexec /run/real-${tool} "$@"\\n' >/run/noting-${tool}
    chmod 755 /run/noting-${tool}; mount --bind /run/noting-${tool} "$real"`,
).join("\n");

test.skipIf(!canStartHosts())(
  "what runs as an account has nothing of root's environment, and does not stand in root's folder",
  async () => {
    await using host = await startHost({
      name: "bare",
      prepare: `${PREPARE}\nmkdir -m 755 /root/open; echo DIARY >/root/open/diary\n${NOTING}`,
    });
    for (let gone = 0; gone < WAYS.length; gone++) {
      const hide = WAYS.slice(0, gone).map((tool) => `mount --bind /usr/bin/false "$(command -v ${tool})"`);
      await runCollector(host, {
        wrap: [
          "env",
          "--chdir=/root/open",
          "OF_ROOT=SECRET",
          "unshare",
          "--mount",
          "sh",
          "-c",
          [...hide, 'exec "$@"'].join("\n"),
          "sh",
        ],
      });
    }
    const used = new Set((await host.run("cat /run/used")).trim().split("\n"));
    expect(used).toEqual(new Set(WAYS));
    expect(await host.run("grep -e SECRET -e DIARY /run/given || true")).toBe("");
  },
);
