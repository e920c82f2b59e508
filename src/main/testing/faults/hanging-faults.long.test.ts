/** S15: a file system that never answers. A long test, because it waits for time limits. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { recordFault } from "./fault-table.ts";

const hasFuse = existsSync("/dev/fuse") && existsSync("/usr/lib/python3/dist-packages/fusepy.py");

/** Debian: fuse3 and python3-fusepy. A folder with one normal-looking file, of which no open ever returns. */
const HANG = `
useradd --create-home stuck
mkdir /home/stuck/.ssh
mknod -m 666 /dev/fuse c 10 229
cat > /run/hang.py <<'END'
import errno, stat, threading
from fusepy import FUSE, FuseOSError, Operations

class Hang(Operations):
    def getattr(self, path, fh=None):
        if path == "/":
            return dict(st_mode=stat.S_IFDIR | 0o755, st_nlink=2)
        if path == "/authorized_keys":
            return dict(st_mode=stat.S_IFREG | 0o644, st_nlink=1, st_size=100)
        raise FuseOSError(errno.ENOENT)

    def readdir(self, path, fh):
        return [".", "..", "authorized_keys"]

    def open(self, path, flags):
        open("/run/is-opened", "w").close()
        threading.Event().wait()

FUSE(Hang(), "/home/stuck/.ssh", allow_other=True)
END
python3 /run/hang.py
until mountpoint -q /home/stuck/.ssh; do sleep 0.05; done
`;

test.skipIf(!canStartHosts() || !hasFuse)(
  "S15: a file on a file system that never answers is given up at its limit and named, and all else is read, there and on the host beside it",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "hung", prepare: letIn(desk.publicKey) + HANG });
    await using beside = await startHost({ name: "beside", prepare: letIn(desk.publicKey) });
    await using app = desk.open();
    const probes = await scanAll(app, {
      text: `root@${host.address} root@${beside.address}`,
      only: "ssh",
      acceptNew: true,
    });
    const of = ({ address }: typeof host) => probes.find(({ target }) => target.host === address);
    expect(of(beside)).toMatchObject({ state: "ok", outcome: "collected" });
    expect(of(host)).toMatchObject({ state: "ok", outcome: "collected" });
    await host.run("test -e /run/is-opened");
    const [hung] = (await app.client.hosts.list({ search: host.address })).rows;
    const { coverage } = (await app.client.hosts.find({ id: hung?.id ?? 0 })) ?? {};
    const left = coverage?.notRead.filter(({ what }) => what.includes("/home/stuck/"));
    expect(left).toMatchObject([{ what: "/home/stuck/.ssh/authorized_keys" }]);
    const { rows } = await app.client.access.list({ host: host.address });
    expect(rows).toMatchObject([{ account: "root" }]);
    recordFault(task, {
      id: "S15",
      injected: "FUSE whose open never returns",
      seen: `${left?.[0]?.what}: ${left?.[0]?.why}; all else read, there and on the host beside it`,
    });
  },
);
