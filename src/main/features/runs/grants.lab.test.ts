import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const execute = promisify(execFile);

test.skipIf(!canStartHosts())(
  "a grant is added, tightened and removed, and no other byte of the file is touched",
  async () => {
    await using desk = await makeDesk();
    const [other, guest] = [await makeKeyLine("other@x"), await makeKeyLine("guest@x")];
    const odd = `# a comment\r\n\n  ${other.line}\t\nnot a line at all \\xff`;
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\r\\n%s' "$retained" '${odd}' > ${FILE}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    const before = await readKeys(web);
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const place = { host: web.address, port: 22, account: "deploy" };
    const added = await carryOut(app, { kind: "add-grants", key: guest.line, accounts: [place] });
    expect(added).toMatchObject({ message: "", state: "committed" });
    expect(await readKeys(web)).toBe(`${before}\r\n${guest.line}\r\n`);

    const tightened = await carryOut(app, {
      kind: "tighten-grants",
      grants: [await grantOf(app, guest.fingerprint)],
      from: "10.0.0.0/8",
      restrict: true,
    });
    expect(tightened).toMatchObject({ state: "committed" });
    const tight = (await readKeys(web)).split("\r\n").at(-2) ?? "";
    expect(tight).toContain('restrict,from="10.0.0.0/8"');
    expect(tight.endsWith(guest.line)).toBe(true);

    const removed = await carryOut(app, {
      kind: "remove-grants",
      grants: [await grantOf(app, guest.fingerprint)],
    });
    expect(removed).toMatchObject({ state: "committed" });
    expect(await readKeys(web)).toBe(`${before}\r\n`);
    expect(await web.run("find /home /root /etc -name '*latchkey*'")).toBe("");
    expect((await app.client.access.list({ search: guest.fingerprint })).total).toBe(0);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "a plan is refused once somebody else has changed the file that it is about, and nothing is written",
  async () => {
    await using desk = await makeDesk();
    const guest = await makeKeyLine("guest@x");
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n%s\\n' '${guest.line}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "remove-grants" as const, grants: [await grantOf(app, guest.fingerprint)] };
    const planned = await makePlan(app, request);
    await web.run("echo '# mine' >> /home/deploy/.ssh/authorized_keys");
    const run = await carryOut(app, planned);
    expect(run).toMatchObject({ state: "stopped", message: expect.stringContaining("somebody else") });
    expect(await readKeys(web)).toBe(`${guest.line}\n${probed.retained}\n# mine\n`);
    expect(await web.run("ls -A /home/deploy/.ssh")).toBe("authorized_keys\n");
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "a file that is read for everybody is planned for everybody it lets in, whoever was asked about",
  async () => {
    await using desk = await makeDesk();
    const guest = await makeKeyLine("guest@x");
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(guest.line, "deploy")}
        printf '%s\\n%s\\n' '${desk.publicKey.trim()}' '${guest.line}' > /etc/ssh/everybody`,
      sshdOptions: ["-o", "AuthorizedKeysFile=/etc/ssh/everybody"],
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const { rows } = await app.client.access.list({ search: guest.fingerprint });
    const grant = rows.find(({ account }) => account === "deploy");
    const { plan } = await makePlan(app, { kind: "remove-grants", grants: [grant?.id ?? 0] });
    const asked = plan?.checks.filter(({ id }) => id === "other-way-in").map(({ account }) => account);
    expect(asked).toEqual(expect.arrayContaining(["deploy", "root"]));
    expect(plan?.confirm?.why).toEqual([`root's keys change on ${web.address}`]);
  },
);

test.skipIf(!canStartHosts())(
  "a key that is removed and is given by something else, too, still gets in, and the run says by what until sshd refuses it everywhere",
  async () => {
    await using desk = await makeDesk();
    const guest = await makeKeyLine("guest@x");
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(guest.line, "deploy")}
        chown -R deploy:deploy /home/deploy/.ssh
        echo '${guest.line}' >> /root/.ssh/authorized_keys
        mkdir /etc/ssh/keys /etc/ssh/shared
        echo '${guest.line}' | tee /etc/ssh/keys/deploy /etc/ssh/shared/deploy.keys > /etc/ssh/more
        printf '%s\\n' 'UsePAM yes' 'AuthorizedKeysFile none' 'Match Host 127.0.0.1' \
          'AuthorizedKeysFile /etc/ssh/shared/%u.*' > /etc/ssh/third`,
      sshdOptions: GIVES_MORE,
    });
    // A second sshd, which reads another file.
    await web.run(`/usr/sbin/sshd -p 2222 -o ListenAddress=${web.address} -o PidFile=/run/second.pid \
      -o PerSourcePenalties=no -o AuthorizedKeysFile=/etc/ssh/keys/%u`);
    // A third one, which reads a file by a wildcard, and that only for logins from here.
    await web.run(`/usr/sbin/sshd -f /etc/ssh/third -p 2223 -o ListenAddress=${web.address} \
      -o PidFile=/run/third.pid -o PerSourcePenalties=no`);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const { rows } = await app.client.access.list({ search: guest.fingerprint });
    const idsOf = (isOf: (file: string) => boolean) =>
      rows.filter(({ file }) => isOf(file)).map(({ id }) => id);
    const own = idsOf((file) => !file.startsWith("/etc/ssh/"));
    const second = idsOf((file) => file.startsWith("/etc/ssh/keys/"));
    const run = await carryOut(app, { kind: "remove-grants", grants: own });
    const by = (account: string, way: string) =>
      `${guest.fingerprint} still gets in to ${account} on ${web.address}, ${way}`;
    const command = "perhaps by AuthorizedKeysCommand /usr/bin/cat /etc/ssh/more";
    expect(run).toMatchObject({
      state: "needs-attention",
      message: `${by("deploy", command)}; ${by("root", command)}: close that way in, then resume the run`,
    });
    const removed = run.stepList.find(({ phase }) => phase === "revoke");
    expect(removed).toMatchObject({ state: "verified", verification: "unverified" });
    expect(removed?.message).toContain("root: the key of this run's login still works");

    await web.run(": > /etc/ssh/more");
    const again = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: run.id });
        return run.id;
      });
    const line = "by line 1 of /etc/ssh/keys/deploy (the sshd on port 2222)";
    const third =
      "perhaps by a file that AuthorizedKeysFile /etc/ssh/shared/deploy.* leads to (the sshd on port 2223)";
    expect(await again()).toMatchObject({
      state: "needs-attention",
      message: `${by("deploy", `${line} and ${third}`)}: close that way in, then resume the run`,
    });
    await web.run(": > /etc/ssh/shared/deploy.keys");

    // The scan shows that it is read, so the plan says the same.
    const planned = await makePlan(app, { kind: "remove-grants", grants: second });
    expect(planned.plan?.leftOut).toEqual([]);
    expect(await carryOut(app, planned)).toMatchObject({
      state: "committed",
      message: "",
      accessChecks: [{ account: "deploy", answer: "refused", fingerprint: guest.fingerprint }],
    });
    const ended = await again();
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(ended.stepList.find(({ phase }) => phase === "revoke")).toMatchObject({
      verification: "verified",
    });
  },
);

const GIVES_MORE = [
  "-o",
  "AuthorizedKeysCommand=/usr/bin/cat /etc/ssh/more",
  "-o",
  "AuthorizedKeysCommandUser=root",
];

test.skipIf(!canStartHosts())(
  "a line by which Latchkey logs in is shut to its own address only where something that is left has logged in",
  async () => {
    await using desk = await makeDesk();
    // It comes before the workstation's other key, so that it is the one that logs in.
    const own = await makeKeyFile(join(desk.home, ".ssh"), "id_ecdsa");
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\necho '${own.publicLine.trim()}' >> /root/.ssh/authorized_keys`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const grants = [await grantOf(app, own.fingerprint)];
    const request = { kind: "tighten-grants" as const, grants, restrict: false, expiry: null };
    const open = await makePlan(app, { ...request, from: "127.0.0.0/8" });
    expect(ownLogin(open)).toMatchObject({ state: "ok", text: expect.stringContaining("still let in") });
    const planned = await makePlan(app, { ...request, from: "10.0.0.0/8" });
    expect(ownLogin(planned)).toMatchObject({
      state: "acknowledge",
      account: "root",
      text: expect.stringContaining("this login will fail"),
    });
    const run = await carryOut(app, planned);
    expect(run).toMatchObject({ state: "committed", message: "" });
    const [tight] = run.stepList.filter(({ phase }) => phase === "revoke");
    expect(tight).toMatchObject({ verification: "verified" });
    expect(tight?.message).toMatch(/root: logged in with .*, which is left; .*root: sshd refuses SHA256:/s);
  },
);

test.skipIf(!canStartHosts())(
  "a certificate by which Latchkey logs in is tried again, behind keys that are refused as before, and the line of its authority comes back where it lets in no more",
  async () => {
    await using desk = await makeDesk();
    const own = join(desk.home, ".ssh", "id_ed25519");
    // Five come before it, as many as one login offers: so OpenSSH's client alone offers the one that logs in.
    const tried = ["one", "two", "three", "four", "five"].map((name) => makeKeyFile(desk.home, name));
    const identities = [...(await Promise.all(tried)).map(({ path }) => path), own];
    const config = identities.map((path) => `IdentityFile "${path}"\n`).join("");
    await writeFile(join(desk.home, ".ssh", "config"), config);
    const authority = await makeKeyFile(desk.home, "authority");
    await execute("ssh-keygen", ["-q", "-s", authority.path, "-I", "jo", "-n", "root", `${own}.pub`]);
    const line = `cert-authority ${authority.publicLine.trim()}`;
    const other = await makeKeyLine("other@x");
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(line)}\necho '${other.line}' >> /root/.ssh/authorized_keys`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const grants = [await grantOf(app, authority.fingerprint)];
    const tighten = (from: string) =>
      carryOut(app, { kind: "tighten-grants", grants, from, restrict: false, expiry: null });
    const keys = () => web.run("cat /root/.ssh/authorized_keys");
    const before = await keys();
    const away = await makePlan(app, {
      kind: "tighten-grants",
      grants,
      from: "10.0.0.0/8",
      restrict: false,
      expiry: null,
    });
    expect(ownLogin(away)).toMatchObject({
      state: "acknowledge",
      account: "root",
      text: expect.stringContaining("this login will fail"),
    });
    expect(await carryOut(app, away)).toMatchObject({
      state: "stopped",
      message: expect.stringContaining(
        "root: the certificate of this run's login no longer works, as acknowledged",
      ),
    });
    expect(await keys()).toBe(before);
    const kept = await tighten("127.0.0.0/8");
    expect(kept).toMatchObject({ state: "committed" });
    expect(kept.stepList.find(({ phase }) => phase === "revoke")?.message).toContain(
      "root: the certificate of this run's login still works",
    );
  },
);

const ownLogin = ({ plan }: PlanDetail) => plan?.checks.find(({ id }) => id === "own-login");

type Host = Awaited<ReturnType<typeof startHost>>;

const readKeys = (host: Host): Promise<string> => host.run("cat /home/deploy/.ssh/authorized_keys");

async function grantOf({ client }: App, fingerprint: string): Promise<number> {
  const [grant] = (await client.access.list({ search: fingerprint })).rows;
  if (!grant) throw new Error(`${fingerprint} is granted nowhere`);
  return grant.id;
}
