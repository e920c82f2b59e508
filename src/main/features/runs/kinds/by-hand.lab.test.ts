/** The commands for root about certificates, where the files of a deployment lie in a folder of an account's. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeChange } from "#domain/runs/testdata/make-change.ts";
import { makeRenewalHost, makeRenewalPlan } from "#domain/runs/testdata/make-plan-value.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { formatByHand } from "./by-hand.ts";

const lab = test.skipIf(!canStartHosts());

const OLD = "old\n";
const HASH = createHash("sha256").update(OLD).digest("hex");
const REAL = "/home/app/tls/cert.pem";
const file = { path: REAL, real: REAL, holds: "chain" as const, owner: "app", uid: 1000, gid: 1000 };
const plan = makeRenewalPlan({
  hosts: [
    makeRenewalHost({
      host: "web1",
      batch: 0,
      certificates: [
        makeChange(0, { files: [{ ...file, mode: "0644", before: HASH, sizeBytes: OLD.length }] }),
      ],
    }),
  ],
});

const commandsOf = (phase: RunStep["phase"]): string => {
  const at = { ordinal: 1, phase, host: "web1", port: 22, batch: 0 };
  const said = formatByHand(
    plan,
    [{ ...at, state: "needs-attention", verification: null, result: null, message: "", at: null }],
    [],
    "t0",
  );
  return `(\n${said.filter((line) => !line.startsWith("ssh ")).join("\n")}\n) </dev/null`;
};

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "app",
    prepare: "useradd --create-home app; mkdir -p /etc/cron.d; su app -c 'mkdir /home/app/tls'",
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const DEN = "/home/app/tls/.latchkey-t0-c0";
/** Root's staging folder beside the file, with the very file that was replaced in it. */
const REPLACED = `rm -rf /home/app/tls/.[!.]* /home/app/tls/*
  mkdir -m 700 ${DEN}; printf 'old\\n' >${DEN}/held-0.${HASH}; printf 'new\\n' >${REAL}; chown app: ${REAL}`;

lab(
  "printed for root, the old file goes back out of root's own den, and the den goes at the end",
  async () => {
    await host.run(`${REPLACED}\n${commandsOf("install")}`);
    expect(await host.run(`cat ${REAL}`)).toBe(OLD);
    await host.run(commandsOf("finish"));
    expect(await host.run("ls -A /home/app/tls")).toBe("cert.pem\n");
  },
);

lab(
  "where the account has laid a den of its own, links or another folder there, root writes and removes nothing",
  async () => {
    const job = "* * * * * root id >/root/owned";
    // The file is a link to a folder that root reads, and the staging folder is the account's, with a file that is to
    // get there.
    const own = `mv ${DEN} /home/app/tls/theirs; mkdir ${DEN}; printf '${job}\\n' >${DEN}/held-0.${HASH}
    rm ${REAL}; ln -s /etc/cron.d ${REAL}`;
    const turned = "mv /home/app/tls /home/app/away; ln -s /etc/cron.d /home/app/tls";
    const before = await host.run("ls -AR /etc/cron.d /root");
    for (const phase of ["install", "finish"] as const)
      for (const lure of [own, turned]) {
        await host.run(`rm -rf /home/app/tls /home/app/away; mkdir /home/app/tls; chown app: /home/app/tls\n${REPLACED}
        su app -c "$(cat <<'END_OF_LURE'\n${lure}\nEND_OF_LURE\n)"
        ${commandsOf(phase)} || true`);
        expect(await host.run("ls -AR /etc/cron.d /root")).toBe(before);
      }
  },
);
