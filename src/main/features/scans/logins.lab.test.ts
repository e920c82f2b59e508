import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";

/*
 * A real sshd writes of logins by a key, a certificate and a password, and of passwords that it refuses before one that it
 * accepts: into a plain file that reaches back 40 days, and into a journal.
 */
const run = promisify(execFile);
const KEY = `SHA256:${"k".repeat(43)}`;

const prepare = (desk: Desk): string => `
  for day in $(seq 40 -1 1); do
    echo "$(date -u -d "-$day days" +%Y-%m-%d)T$(date -u +%H):00:01+00:00 web1 sshd[9]: Accepted publickey for deploy from 10.1.2.3 port 50022 ssh2: ED25519 ${KEY}"
  done >> /var/log/auth.log
  ${letIn(desk.publicKey)} ${letIn(desk.publicKey, "deploy")}
  usermod --password '*' deploy
  useradd --create-home --shell /bin/sh carl
  echo 'carl:secret-of-carl' | chpasswd
  ssh-keygen -q -t ed25519 -N '' -f /root/ca
  echo TrustedUserCAKeys /root/ca.pub > /etc/ssh/sshd_config.d/ca.conf
  find /etc/ssh/sshd_config* -type f -exec touch -d '200 days ago' {} +
`;

/** Without PAM a wrong password costs no seconds; of a password that is "*" sshd then does not say that the account is locked. */
const QUICK = ["-o", "UsePAM=no"];

/** Logs in by each, and answers the fingerprint of the authority. */
async function logInByAll(desk: Desk, host: LabHost): Promise<string> {
  const key = join(desk.home, ".ssh/id_ed25519");
  await host.run(
    `cat > /root/jo.pub <<'END'\n${desk.publicKey}\nEND\nssh-keygen -q -s /root/ca -I jo -n deploy /root/jo.pub`,
  );
  const certificate = join(desk.home, "jo-cert.pub");
  await writeFile(certificate, await host.run("cat /root/jo-cert.pub"));
  const askpass = join(desk.home, "askpass");
  await writeFile(askpass, '#!/bin/sh\nprintf "%s\\n" "$PASSWORD"\n', { mode: 0o700 });
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes"];
  const ssh = (account: string, more: readonly string[], password = "") =>
    run(
      "ssh",
      [
        "-F",
        "none",
        ...[...options, ...more].flatMap((one) => ["-o", one]),
        `${account}@${host.address}`,
        "true",
      ],
      {
        env: {
          PATH: process.env.PATH ?? "",
          SSH_ASKPASS: askpass,
          SSH_ASKPASS_REQUIRE: "force",
          PASSWORD: password,
        },
      },
    );
  await ssh("deploy", [`IdentityFile=${key}`]);
  await ssh("deploy", [`IdentityFile=${key}`, `CertificateFile=${certificate}`]);
  const byPassword = ["PreferredAuthentications=password", "NumberOfPasswordPrompts=3"];
  for (let times = 0; times < 4; times++) await expect(ssh("carl", byPassword, "wrong")).rejects.toThrow();
  await ssh("carl", byPassword, "secret-of-carl");
  return (await host.run("ssh-keygen -lf /root/ca.pub")).split(" ")[1] ?? "";
}

async function scan(app: App, host: LabHost) {
  const probes = await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  expect(probes).toMatchObject([{ state: "ok" }]);
  const { rows } = await app.client.logins.list({ limit: 10 });
  const { rows: observed } = await app.client.logins.observed({});
  const today = (await app.client.today.read({})).lines.filter(({ kind }) => kind === "login");
  return { rows, observed, today };
}

test("real lines of a plain file are listed by day, and what is new or follows refused passwords stands out", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({ name: "web1", prepare: prepare(desk), sshdOptions: QUICK });
  const authority = await logInByAll(desk, host);
  await using app = desk.open();
  const { rows, observed, today } = await scan(app, host);
  const newest = rows.filter(({ by }) => by !== KEY);
  expect(
    newest.map(({ account, method, count, inJournal }) => [account, method, count, inJournal]).sort(),
  ).toEqual([
    ["carl", "password", 1, 0],
    ["deploy", "certificate", 1, 0],
    ["deploy", "publickey", 1, 0],
    ["root", "publickey", 1, 0],
  ]);
  expect(newest.find(({ method }) => method === "certificate")?.by).toBe(authority);
  const found = observed.map(({ account, facts, severity, evidence }) => [
    account,
    facts.rule,
    severity,
    evidence,
  ]);
  expect(found.sort()).toEqual([
    ["carl", "login-after-failures", "medium", "file"],
    ["carl", "login-new-source", "medium", "file"],
    ["deploy", "login-new-source", "medium", "file"],
    ["root", "login-new-source", "info", "file"],
  ]);
  expect(today).toEqual([]);
  const [burst] = observed.filter(({ facts }) => facts.rule === "login-after-failures");
  expect(burst?.facts).toMatchObject({ refused: 12 });
  const { lines } = await app.client.logins.find({ id: burst?.id ?? 0 });
  const log = await host.run("cat /var/log/auth.log");
  // These are the log's own lines, to the byte.
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(log).toContain(`${line}\n`);
}, 60_000);

test.skipIf(!canStartJournal())(
  "a password that was guessed, as the real journal has it, is a line of Today and fails a nightly job",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "web1", prepare: prepare(desk), sshdOptions: QUICK });
    await host.run(START_JOURNAL);
    await logInByAll(desk, host);
    await using app = desk.open();
    const { rows, observed, today } = await scan(app, host);
    expect(rows.map(({ account, method, inJournal }) => [account, method, inJournal]).sort()).toEqual([
      ["carl", "password", 1],
      ["deploy", "certificate", 1],
      ["deploy", "publickey", 1],
      ["root", "publickey", 1],
    ]);
    const guessed = { account: "carl", severity: "high", evidence: "journal", facts: { refused: 12 } };
    expect(observed).toMatchObject([guessed]);
    expect(today).toMatchObject([{ severity: "high", login: guessed }]);
  },
  60_000,
);
