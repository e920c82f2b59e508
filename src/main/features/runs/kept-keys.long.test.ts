import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const HELD = "/home/deploy/.ssh/id";

test.skipIf(!canStartHosts())(
  "old private keys that a run has kept are in no later run's way, which names them, and go by one command over their hashes",
  { timeout: 900_000 },
  async () => {
    await using desk = await makeDesk();
    const own = join(desk.home, ".ssh/id_ed25519");
    const half = await readFile(own, "utf8");
    // A file with two hard links is not changed: the old key still logs in there.
    await using probed = await startProbedHosts(desk, {
      prepare: `ln ${FILE} /home/deploy/other-name
        printf '%s' '${half}' > ${HELD}; echo '${desk.publicKey}' > ${HELD}.pub; chmod 600 ${HELD}`,
    });
    const [web] = probed.hosts;
    const list = async () => ({
      here: (await readdir(join(desk.home, ".ssh"))).sort(),
      there: (await web.run("ls -A /home/deploy/.ssh")).trim().split("\n"),
    });
    const clean = await list();
    await using app = desk.open();
    const { runs } = app.client;
    const first = await carryOut(app, await planOwnKey(app, desk, probed.hosts));
    const left = { host: web.address, port: 22, account: "deploy", fingerprint: expect.any(String) };
    expect(first).toMatchObject({
      state: "committed",
      message: `the old key still gets in to deploy@${web.address}`,
      remaining: [{ ...left, isCertain: true }],
    });
    const { kept } = await runs.find({ runId: first.id });
    expect(kept).toEqual([
      {
        host: null,
        port: null,
        path: own,
        kept: expect.stringMatching(/id_ed25519\.latchkey-kept-[0-9a-f]{8}$/),
      },
      {
        host: web.address,
        port: 22,
        path: HELD,
        kept: expect.stringMatching(/id\.latchkey-kept-[0-9a-f]{8}$/),
      },
    ]);
    const [here, there] = kept.map((one) => one.kept) as [string, string];
    expect([await readFile(here, "utf8"), await web.run(`cat ${there}`)]).toEqual([half, half]);

    const planned = await planOwnKey(app, desk, probed.hosts);
    const named = planned.plan?.checks.filter(({ id }) => id === "kept-key") ?? [];
    expect(named.map(({ state, text }) => `${state} ${text}`)).toEqual(
      [here, there].map((path) =>
        expect.stringContaining(`warning run ${first.id} has kept an older private key at ${path}`),
      ),
    );
    expect(await carryOut(app, planned)).toMatchObject({ state: "committed", kept: [] });
    expect([await readFile(here, "utf8"), await web.run(`cat ${there}`)]).toEqual([half, half]);

    const remove = () =>
      untilStill(app, async () => {
        await runs.resume({ runId: first.id, removesOld: true });
        return first.id;
      });
    await writeFile(here, "of somebody else");
    expect(await remove()).toMatchObject({
      state: "committed",
      message: expect.stringContaining(`${here} is not the old key of this run: check it`),
      kept: [{ path: own }],
    });
    expect(await readFile(here, "utf8")).toBe("of somebody else");
    await writeFile(here, half);
    expect(await remove()).toMatchObject({ state: "committed", kept: [] });
    expect(await list()).toEqual(clean);
    await expect(runs.resume({ runId: first.id, removesOld: true })).rejects.toThrow(
      `run ${first.id} is committed, and keeps no old private key that could be removed`,
    );
    await probed.expectNobodyLockedOut();
  },
);
