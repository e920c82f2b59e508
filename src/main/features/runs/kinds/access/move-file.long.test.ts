import { expect, test } from "vitest";
import type { RunRepair } from "#shared/model/runs/run.ts";
import { repairsOf } from "#shared/text/runs/run.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";

const lab = test.skipIf(!canStartHosts());
const FILES = [
  "/root/.ssh/authorized_keys",
  ...["ann", "deploy"].map((name) => `/home/${name}/.ssh/authorized_keys`),
];

/** A run in its grace period, both keys in three files of a host; and how it is rolled back. */
async function startWaiting() {
  await using stack = new AsyncDisposableStack();
  const desk = stack.use(await makeDesk());
  const accounts = ["ann", "deploy"].map(
    (name) => `${letIn(desk.publicKey, name)}\nchown -R ${name}: /home/${name}/.ssh`,
  );
  const web = stack.use(
    await startHost({ name: "web", prepare: [letIn(desk.publicKey), ...accounts].join("\n") }),
  );
  const app = stack.use(desk.open());
  const run = await carryOut(app, await planOwnKey(app, desk, [web], { graceDays: 3 }));
  expect(run).toMatchObject({ state: "waiting" });
  const owned = stack.move();
  return {
    desk,
    web,
    line: `${run.newKey?.line} jo@desk`,
    read: () => web.run(`cat ${FILES.join(" ")}`),
    listStrays: () => web.run("find /home /root -name '*latchkey*'"),
    goBack: () =>
      untilStill(app, async () => {
        await app.client.runs.rollBack({ runId: run.id });
        return run.id;
      }),
    repair: (approved: RunRepair[]) =>
      untilStill(app, async () => {
        await app.client.runs.repair({ runId: run.id, approved });
        return run.id;
      }),
    entries: async () => (await app.client.runs.entries({ runId: run.id })).rows.map(({ text }) => text),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

lab(
  "out of a file that somebody has changed a run that is taken back takes its own lines alone, and says so",
  async () => {
    await using waiting = await startWaiting();
    const { desk, web } = waiting;
    const [, ann] = FILES;
    await web.run(`sed -i '1i # mine' ${ann}; printf '# no end' >> ${ann}; chown ann: ${ann}`);
    expect(await waiting.goBack()).toMatchObject({ message: "", state: "rolled-back" });
    const old = desk.publicKey.trim();
    expect(await waiting.read()).toBe(`${old}\n# mine\n${old}\n# no end${old}\n`);
    expect(await web.run(`stat -c '%U %a' ${ann}`)).toBe("ann 644\n");
    expect(await waiting.listStrays()).toBe("");
    expect(await waiting.entries()).toContain(
      `${ann} was changed by somebody else; 1 line of this run taken out of it; all else is as it was`,
    );
  },
);

lab(
  "a file that cannot be taken back keeps none of the others from it, and what is to be done by hand in it is said to the line",
  async () => {
    await using waiting = await startWaiting();
    const { desk, web, line } = waiting;
    const [root, ann, deploy] = FILES;
    for (const file of [root, ann])
      await web.run(
        `sed -i 's/^\\(${line.replaceAll("/", "\\/")}\\)$/no-pty \\1/' ${file}; chmod 600 ${file}; chown --reference=$(dirname ${file}) ${file}`,
      );
    const stuck = await waiting.goBack();
    expect(stuck).toMatchObject({ state: "needs-attention" });
    for (const file of [root, ann])
      expect(stuck.message).toContain(`${file} was changed by somebody else in the very lines`);
    const old = desk.publicKey.trim();
    expect(await web.run(`cat ${deploy}`)).toBe(`${old}\n`);
    expect(stuck.byHand.filter((command) => command.includes(deploy ?? ""))).toEqual([]);
    for (const file of [root, ann])
      await web.run(`sed -i '/^no-pty /d' ${file}; chown --reference=$(dirname ${file}) ${file}`);
    expect(await waiting.goBack()).toMatchObject({ message: "", state: "rolled-back" });
    expect(await waiting.read()).toBe(`${old}\n${old}\n${old}\n`);
    expect(await waiting.listStrays()).toBe("");
  },
);

lab(
  "what a person has to decide on is done as it was shown, over the very bytes that were seen, and the run goes on its way back",
  async () => {
    await using waiting = await startWaiting();
    const { desk, web, line } = waiting;
    const [, ann] = FILES;
    const old = desk.publicKey.trim();
    const fileOf = (text: string) => web.run(`printf '%s' '${text}' > ${ann}; chown ann: ${ann}`);
    // The new line is there twice, for somebody has edited those very lines.
    await fileOf(`# mine\n${line}\nno-pty ${line}\n${old}\n`);
    const stuck = await waiting.goBack();
    expect(stuck).toMatchObject({ state: "needs-attention" });
    expect(stuck.files).toMatchObject([{ path: ann, fate: "stuck", takeOut: [line], putBack: [] }]);
    // The file changes again before the repair is approved.
    await web.run(`echo '# more' >> ${ann}; chown ann: ${ann}`);
    const again = await waiting.repair(repairsOf(stuck));
    expect(again).toMatchObject({ state: "needs-attention" });
    expect(await web.run(`cat ${ann}`)).toContain(`\n${line}\n`);
    const [wrong] = repairsOf(again);
    if (!wrong) throw new Error("nothing is to be repaired");
    await expect(waiting.repair([{ ...wrong, to: wrong.over }])).rejects.toThrow(
      "can no longer be repaired that way",
    );
    expect(await waiting.repair(repairsOf(again))).toMatchObject({ message: "", state: "rolled-back" });
    expect(await web.run(`cat ${ann}`)).toBe(`# mine\nno-pty ${line}\n${old}\n# more\n`);
    expect(await waiting.listStrays()).toBe("");
  },
);
