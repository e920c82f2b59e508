import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runbooks/follow.ts";
import { makeKeyLine } from "#testing/runbooks/make-key-line.ts";
import { FILE, startProbedHosts } from "#testing/runbooks/probed-hosts.ts";

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
    const added = await carryOut(app, { kind: "add-grants", key: guest.line, places: [place] });
    expect(added).toMatchObject({ message: "", state: "committed" });
    expect(await readKeys(web)).toBe(`${before}\r\n${guest.line}\r\n`);

    const tightened = await carryOut(app, {
      ...{ kind: "tighten-grants", grants: [await grantOf(app, guest.fingerprint)] },
      ...{ from: "10.0.0.0/8", restrict: true },
    });
    expect(tightened).toMatchObject({ state: "committed" });
    const tight = (await readKeys(web)).split("\r\n").at(-2) ?? "";
    expect(tight).toContain('restrict,from="10.0.0.0/8"');
    expect(tight.endsWith(guest.line)).toBe(true);

    const removed = await carryOut(app, {
      ...{ kind: "remove-grants", grants: [await grantOf(app, guest.fingerprint)] },
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
    const wish = { kind: "remove-grants" as const, grants: [await grantOf(app, guest.fingerprint)] };
    const planned = await makePlan(app, wish);
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

type Host = Awaited<ReturnType<typeof startHost>>;

const readKeys = (host: Host): Promise<string> => host.run("cat /home/deploy/.ssh/authorized_keys");

async function grantOf({ client }: App, fingerprint: string): Promise<number> {
  const [grant] = (await client.access.list({ search: fingerprint })).rows;
  if (!grant) throw new Error(`${fingerprint} is granted nowhere`);
  return grant.id;
}
