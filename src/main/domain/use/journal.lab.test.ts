import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findLogins } from "./find-logins.ts";

const run = promisify(execFile);

const collect = async (host: LabHost, args: readonly string[] = []) => {
  const collection = readCollection(await runCollector(host, { args: ["--nonce", "n1", ...args] }), {
    nonce: "n1",
  });
  if (!collection) throw new Error("the host was read");
  return collection;
};

test.skipIf(!canStartJournal())(
  "logins are found in a real journal, which says from when on it tells of them; what others write there is not believed",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "web1",
      prepare: `${letIn(desk.publicKey, "deploy")} useradd --create-home mallory`,
    });
    await host.run(START_JOURNAL);
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    const words = ["-F", "none", ...options.flatMap((option) => ["-o", option])];
    const logIn = () =>
      run("ssh", [...words, "-i", `${desk.home}/.ssh/id_ed25519`, `deploy@${host.address}`, "true"]);
    await logIn();
    await logIn();
    const forged = "Accepted publickey for root from 6.6.6.6 port 1 ssh2: RSA SHA256:";
    await host.run(
      `setpriv --reuid mallory --regid mallory --clear-groups logger -t sshd-session '${forged}${"x".repeat(43)}'
       logger -t CRON 'sshd[1]: ${forged}${"y".repeat(43)}'
       until journalctl -q --system | grep -q yyyy; do :; done`,
    );

    const { stdout } = await run("ssh-keygen", ["-lf", `${desk.home}/.ssh/id_ed25519.pub`]);
    const fingerprint = stdout.split(" ")[1] ?? "";
    const known = ["--login-account", "deploy", "--login-key", fingerprint];
    const collection = await collect(host, known);
    const { logins, windows, notRead } = findLogins(collection, new Date());
    expect(logins).toMatchObject([
      { account: "deploy", fingerprint, lastFrom: expect.stringMatching(/^127\./) },
    ]);
    expect(logins[0]?.days.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
    expect(windows).toMatchObject([{ source: "journal" }]);
    expect(notRead).toEqual([]);

    const closed = readCollection(await runCollector(host, { args: ["--nonce", "n1"], user: "mallory" }), {
      nonce: "n1",
    });
    expect(closed?.unreadable).toContainEqual({
      kind: "log",
      path: "journal",
      why: "it may not be read without more rights",
    });
  },
  60_000,
);
