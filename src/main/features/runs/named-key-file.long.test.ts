import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "the file that is named for the new half is replaced where the old one stands in it, and refused where something else does",
  async () => {
    await using desk = await makeDesk();
    const folder = join(desk.home, "elsewhere");
    await mkdir(folder);
    const make = async (name: string) => {
      const path = join(folder, name);
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]);
      const fingerprint = (await run("ssh-keygen", ["-lf", path])).stdout.split(" ")[1] ?? "";
      return { path, fingerprint, line: (await readFile(`${path}.pub`, "utf8")).trim() };
    };
    const [deploy, other] = [await make("deploy"), await make("other")];
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${deploy.line}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "rotate-key" as const, fingerprint: deploy.fingerprint };
    await expect(makePlan(app, { ...request, keyFile: other.path })).rejects.toThrow(
      "exists already and is not the private key of SHA256:",
    );
    const planned = await makePlan(app, { ...request, keyFile: deploy.path });
    expect(planned.plan?.here).toMatchObject([{ kind: "file", path: deploy.path }]);
    expect(planned.plan?.checks.map(({ id, state }) => `${state} ${id}`)).toContain("ok private-keys");
    expect(await carryOut(app, planned)).toMatchObject({ message: "", state: "committed" });
    const now = await readFile(`${deploy.path}.pub`, "utf8");
    expect(now).not.toContain(deploy.line);
    expect(await web.run(`cat ${FILE}`)).toContain(now.split(" ")[1]);
    await probed.expectNobodyLockedOut();
  },
);
