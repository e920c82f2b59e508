/** Where sshd looks for keys, and the file systems that they are on. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const run = promisify(execFile);

/** Logs in with this key or not at all. */
const ONE_KEY = ["IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "StrictHostKeyChecking=no"]
  .concat("UserKnownHostsFile=/dev/null")
  .flatMap((option) => ["-o", option]);

const lab = test.skipIf(!canStartHosts());

/** Accounts whose keys sshd looks for elsewhere, in several files, nowhere, and by a command. */
const PLACES = `
  mkdir -p /etc/ssh/keys /etc/ssh/asked
  for name in elsewhere several ignored asked; do
    useradd --create-home --shell /bin/sh $name
    install -d -m 700 -o $name -g $name /home/$name/.ssh
  done
  printf '%s\\n%s\\n' "$desk" "$retained" | tee /etc/ssh/keys/elsewhere /home/several/.ssh/more >/etc/ssh/asked/asked
  echo "$desk" | tee /home/ignored/.ssh/authorized_keys > /home/elsewhere/.ssh/authorized_keys
  echo "$retained" > /home/several/.ssh/authorized_keys
  for name in elsewhere several ignored; do chown -R $name:$name /home/$name; done
  cat >> /etc/ssh/sshd_config <<'CONFIG'
Match User elsewhere
	AuthorizedKeysFile /etc/ssh/keys/%u
Match User several
	AuthorizedKeysFile .ssh/authorized_keys .ssh/more
Match User ignored
	AuthorizedKeysFile none
Match User asked
	AuthorizedKeysFile none
	AuthorizedKeysCommand /usr/bin/cat /etc/ssh/asked/%u
	AuthorizedKeysCommandUser root
CONFIG`;

lab(
  "R11: of files at several places those that sshd reads are changed, those that it does not read stay, and what a command says is told",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { prepare: PLACES, account: "elsewhere" });
    const [web] = probed.hosts;
    await using app = desk.open();
    const planned = await planOwnKey(app, desk, probed.hosts);
    const paths = planned.plan?.hosts.flatMap(({ files }) => files.map(({ path }) => path)).toSorted();
    expect(paths).toEqual([
      "/etc/ssh/keys/elsewhere",
      FILE,
      "/home/several/.ssh/more",
      "/root/.ssh/authorized_keys",
    ]);
    const ended = await carryOut(app, planned);
    expect(ended.state).toBe("committed");
    const read = (path: string) => web.run(`cat ${path}`);
    for (const path of paths ?? []) expect(await read(path), path).not.toContain(desk.publicKey);
    for (const name of ["ignored", "elsewhere"])
      expect(await read(`/home/${name}/.ssh/authorized_keys`)).toBe(`${desk.publicKey}\n`);
    const seen = `${paths?.length} files that sshd reads are changed, 2 that it does not read stay; ${[...(planned.plan?.leftOut ?? []), ended.message].filter(Boolean).join("; ")}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R11", injected: "AuthorizedKeysFile elsewhere, two, none; a command", seen });
  },
);

const hasFuse = existsSync("/dev/fuse") && existsSync("/usr/lib/python3/dist-packages/fusepy.py");

/**
 * A stand-in for a home on NFS with root_squash: a file system in which root is nobody, without renames by exchange.
 * `sees`: everybody may see that the home is there, as on NFS.
 */
const squash = (sees = true) => `
  mv /home/deploy /srv/deploy && mkdir /home/deploy
  mknod -m 666 /dev/fuse c 10 229
  cat > /run/squash.py <<'END'
import errno, os
from fusepy import FUSE, FuseOSError, Operations, fuse_get_context

ROOT = "/srv/deploy"

class Squash(Operations):
    def __call__(self, op, *args):
        uid, gid, _ = fuse_get_context()
        if op not in ("init", "destroy") and uid == 0 and (op, args[0]) != ("getattr", "${sees ? "/" : "nothing"}"):
            raise FuseOSError(errno.EACCES)
        args = [ROOT + one if isinstance(one, str) and one.startswith("/") else one for one in args]
        return super().__call__(op, *args)
    def getattr(self, path, fh=None):
        st = os.lstat(path)
        return {key: getattr(st, key) for key in ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")}
    def mine(self, path):
        uid, gid, _ = fuse_get_context()
        os.lchown(path, uid, gid)
        return 0
    def statfs(self, path):
        st = os.statvfs(path)
        return {key: getattr(st, key) for key in ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize", "f_namemax")}
    def readdir(self, path, fh): return [".", ".."] + os.listdir(path)
    def access(self, path, mode): return 0
    def open(self, path, flags): return os.open(path, flags)
    def create(self, path, mode, fi=None):
        fh = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)
        self.mine(path)
        return fh
    def mkdir(self, path, mode): os.mkdir(path, mode); return self.mine(path)
    def read(self, path, size, at, fh): return os.pread(fh, size, at)
    def write(self, path, data, at, fh): return os.pwrite(fh, data, at)
    def truncate(self, path, length, fh=None): os.truncate(path, length)
    def release(self, path, fh): os.close(fh)
    def flush(self, path, fh): return 0
    def fsync(self, path, data, fh): os.fsync(fh)
    def fsyncdir(self, path, data, fh): return 0
    def chmod(self, path, mode): os.chmod(path, mode)
    def chown(self, path, uid, gid):
        if uid not in (-1, 0xffffffff, os.lstat(path).st_uid): raise FuseOSError(errno.EPERM)
    def rename(self, old, new): os.rename(old, new)
    def unlink(self, path): os.unlink(path)
    def rmdir(self, path): os.rmdir(path)
    def link(self, target, source): os.link(source, target)
    def symlink(self, target, source): os.symlink(source, target); self.mine(target)
    def readlink(self, path): return os.readlink(path)
    def utimens(self, path, times=None): os.utime(path, times)

FUSE(Squash(), "/home/deploy", allow_other=True${sees ? "" : ", attr_timeout=0, entry_timeout=0"})
END`;
const MOUNT = `chown -R deploy:deploy /srv/deploy && python3 /run/squash.py
  until grep -q ' /home/deploy fuse' /proc/mounts; do sleep 0.05; done`;

test.skipIf(!canStartHosts() || !hasFuse)(
  "R5: a home in which root may do nothing, as on NFS with root_squash, is changed by a login as its owner",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: `${squash()}\nmkdir -p /home/deploy/.ssh`,
      begin: (host) => host.run(`rm -r /home/deploy/.ssh\n${MOUNT}`),
    });
    const [web] = probed.hosts;
    await expect(web.run(`cat ${FILE}`)).rejects.toThrow("Permission denied");
    await using app = desk.open();
    const ended = await carryOut(
      app,
      await planOwnKey(app, desk, [{ address: web.address, user: "deploy" }]),
    );
    expect(ended).toMatchObject({ message: "", state: "committed" });
    const kept = await web.run("cat /srv/deploy/.ssh/authorized_keys; ls -A /srv/deploy/.ssh");
    expect(kept).not.toContain(desk.publicKey);
    expect(kept.split("\n").slice(1)).toEqual([probed.retained, "authorized_keys", ""]);
    const seen = `changed by its owner's login; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R5", injected: "FUSE in which root is nobody, instead of NFS", seen });
  },
);

for (const sees of [true, false])
  test.skipIf(!canStartHosts() || !hasFuse)(
    `R5: what root may not read in such a home${sees ? "" : ", of which it cannot even see that it is there,"} is asked about before its key goes, and the old half is kept, which still gets in there`,
    async ({ task }) => {
      await using desk = await makeDesk();
      await using probed = await startProbedHosts(desk, {
        prepare: `${squash(sees)}\nmkdir -p /home/deploy/.ssh`,
        begin: (host) => host.run(`rm -r /home/deploy/.ssh\n${MOUNT}`),
      });
      const [web] = probed.hosts;
      const before = await web.run("sha256sum /srv/deploy/.ssh/authorized_keys");
      await using app = desk.open();
      const planned = await planOwnKey(app, desk, probed.hosts);
      const asked = planned.plan?.checks.find(({ id }) => id === "unreadable");
      expect(asked).toMatchObject({ state: "acknowledge", text: expect.stringMatching(/ of (.+, )?deploy/) });
      const ended = await carryOut(app, planned);
      expect(ended).toMatchObject({ state: "committed" });
      expect(await web.run("sha256sum /srv/deploy/.ssh/authorized_keys")).toBe(before);
      const old = (await app.client.runs.find({ runId: ended.id })).kept[0]?.kept ?? "";
      const login = [
        "-i",
        old,
        "-F",
        "none",
        "-p",
        String(web.port),
        ...ONE_KEY,
        `deploy@${web.address}`,
        "id -un",
      ];
      expect((await run("ssh", login)).stdout).toBe("deploy\n");
      const seen = `asked: ${asked?.text}; ${await probed.expectNobodyLockedOut()}`;
      recordFault(task, {
        id: "R5",
        injected: `the same, by a login as root${sees ? "" : ", which sees nothing there"}`,
        seen,
      });
    },
  );

/** An SELinux label, on a kernel without SELinux: no more than an attribute that root alone may set. */
const LABEL = "system_u:object_r:ssh_home_t:s0";

lab("R5: a label of SELinux stays on the file that is replaced", async ({ task }) => {
  await using desk = await makeDesk();
  await using probed = await startProbedHosts(desk, {
    prepare:
      "mount -t tmpfs -o mode=755 tmpfs /mnt; mv /home/deploy /mnt/deploy; ln -s /mnt/deploy /home/deploy",
    begin: (host) =>
      host.run(`rm /home/deploy && mkdir /home/deploy && mount --bind /mnt/deploy /home/deploy
          for file in /root/.ssh/authorized_keys ${FILE}; do setfattr -n security.selinux -v '${LABEL}' $file; done`),
  });
  const [web] = probed.hosts;
  const readLabel = (path: string) =>
    web.run(`getfattr --only-values -n security.selinux --absolute-names ${path}`);
  await using app = desk.open();
  const ended = await carryOut(app, await planOwnKey(app, desk, probed.hosts));
  expect(ended).toMatchObject({ message: "", state: "committed" });
  for (const path of ["/root/.ssh/authorized_keys", FILE]) {
    expect(await web.run(`cat ${path}`), path).not.toContain(desk.publicKey);
    expect(await readLabel(path), path).toBe(LABEL);
  }
  const seen = `kept, for root and for an account; ${await probed.expectNobodyLockedOut()}`;
  recordFault(task, { id: "R5", injected: "the attribute of a label, without SELinux", seen });
});
