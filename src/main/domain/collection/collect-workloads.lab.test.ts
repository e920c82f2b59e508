import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluateWorkloads } from "#domain/accounts/workloads.ts";
import { runCollector, SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

/** A host whose services and jobs are these alone, with a secret in every place where one may stand. */
const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2 /etc/systemd /usr/lib/systemd/system /etc/cron* /var/spool/cron/*
useradd --create-home alice; useradd --system app; useradd --system runner
mkdir -p /etc/systemd/system/multi-user.target.wants /usr/lib/systemd/system /run/systemd/system /opt/app /home/alice/units
cd /usr/lib/systemd/system
echo '[Unit]' > multi-user.target; ln -s multi-user.target default.target
cat > web.service <<'END'
[Service]
User=nobody
Environment=TOKEN=SECRET "PASS WORD=SECRET" PLAIN=1
EnvironmentFile=-/etc/default/web
SetCredential=pw:SECRET
ExecStart=/usr/bin/web --password SECRET
END
ln -s /usr/lib/systemd/system/web.service /etc/systemd/system/www.service
mkdir -p /etc/systemd/system/www.service.d
printf '[Service]\\nUser=app\\n' > '/etc/systemd/system/www.service.d/o dd.conf'
printf '[Service]\\nUser=%%i\\nExecStart=/bin/job SECRET\\n' > job@.service
printf '[Timer]\\nOnCalendar=daily\\nUnit=job@runner.service\\n' > nightly.timer
printf '[Service]\\nUser=4711\\nExecStart=/bin/x\\n' > number.service
printf '[Service]\\nUser=alice\\nExecStart=/bin/masked\\n' > masked.service; ln -s /dev/null /etc/systemd/system/masked.service
printf '[Service]\\nUser=alice\\nExecStart=/home/alice/bin/tool SECRET\\n' > /home/alice/units/tool.service
chown -R alice: /home/alice/units
ln -s /home/alice/units/tool.service /etc/systemd/system/tool.service
ln -s /etc/shadow /etc/systemd/system/shadow.service; ln -s /dev/zero /etc/systemd/system/zero.service
ln -s b.service /etc/systemd/system/a.service; ln -s a.service /etc/systemd/system/b.service
mkfifo /etc/systemd/system/pipe.service
{ printf '[Service]\\nUser=alice\\n'; yes '# SECRET' | head -c 11000000; } > /etc/systemd/system/large.service
mkdir -p /etc/cron.d /etc/cron.daily /var/spool/cron/crontabs /var/spool/cron/atjobs
printf 'MAILTO=SECRET\\n7 * * * * app PW=SECRET /usr/bin/report --pw SECRET\\n* * * * * gone SECRET\\n' > /etc/cron.d/report
printf '#!/bin/sh\\nSECRET\\n' > /etc/cron.daily/tidy; chmod 755 /etc/cron.daily/tidy
printf 'PW=SECRET\\n@reboot bin/start SECRET\\n' > /var/spool/cron/crontabs/alice; chown alice: /var/spool/cron/crontabs/alice
ln -s /etc/shadow /var/spool/cron/crontabs/app; ln -s /etc/shadow /etc/cron.d/shadow
echo 'export PW=SECRET' > /var/spool/cron/atjobs/a0000101c9b8e5; chown alice: /var/spool/cron/atjobs/a0000101c9b8e5
chmod 1730 /var/spool/cron/crontabs; chmod 1770 /var/spool/cron/atjobs; chown daemon: /var/spool/cron/atjobs
printf '#!/bin/sh\\necho "Keytab name: FILE:$3"; echo "KVNO Principal"; echo "   2 host/x@REALM"; echo "   3 host/x@REALM"\\n' > /usr/bin/klist
chmod 755 /usr/bin/klist; echo SECRET > /etc/krb5.keytab; chmod 600 /etc/krb5.keytab
mkdir -p /opt/tools; cp /bin/true /opt/tools/helper; chown alice: /opt/tools/helper; chmod 4755 /opt/tools/helper
cp -p /opt/tools/helper "/opt/tools/a
--help"; cp -p /opt/tools/helper "/opt/tools/b
-rwsr-xr-x 1 0 0 1 Jan 1 2020 "
awk 'BEGIN { long = sprintf("%230s", ""); gsub(/ /, "0", long); for (i = 10000; i < 18500; i++) print "b" i long }' |
  (cd /var/spool/cron/atjobs; xargs touch; find . -name 'b*' -exec chown 4712 {} +)
for unit in www.service nightly.timer tool.service; do ln -s /nowhere /etc/systemd/system/multi-user.target.wants/$unit; done
`;

let host: LabHost;
beforeAll(async () => {
  host = await startHost({ name: "workloads", prepare: PREPARE });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

const read = async (options: Parameters<typeof runCollector>[1] = {}): Promise<Collection> => {
  const collection = readCollection(await runCollector(host, { args: ["--nonce", "n"], ...options }), {
    nonce: "n",
  });
  if (!collection) throw new Error("there is no collection");
  return collection;
};

const tell = (collection: Collection) => {
  const { ofAccount, ofUnknown } = evaluateWorkloads(collection) ?? { ofAccount: new Map(), ofUnknown: [] };
  return {
    ofAccount: Object.fromEntries([...ofAccount].map(([name, list]) => [name, list.workloads])),
    ofUnknown,
  };
};

/** What runs at a time, or waits to, beside services and processes. */
const jobsOf = (workloads: readonly { kind: string }[] | undefined) =>
  workloads?.filter(({ kind }) => kind === "cron" || kind === "at");

/** Without its processes, which come and go. */
const lasting = ({ workloads }: Collection) => ({ ...workloads, processes: [] });

const unit = (name: string, more: object) => ({
  kind: "unit",
  name,
  isEnabled: false,
  startedBy: [],
  ...more,
});

test("every service is told with the account that it runs as, whoever reads the host and by whatever shell", async () => {
  const collection = await read();
  const { ofAccount, ofUnknown } = tell(collection);
  const only = (name: string) => ofAccount[name]?.filter(({ kind }: { kind: string }) => kind === "unit");
  expect(only("app")).toEqual([
    unit("web.service", {
      isEnabled: true,
      path: "/etc/systemd/system/www.service.d/o dd.conf",
      program: "/usr/bin/web",
    }),
  ]);
  expect(ofAccount.runner).toEqual([
    unit("job@runner.service", {
      isEnabled: true,
      startedBy: ["nightly.timer"],
      path: "/usr/lib/systemd/system/job@.service",
      program: "/bin/job",
    }),
  ]);
  expect(only("alice")).toEqual([
    unit("tool.service", {
      isEnabled: true,
      path: "/etc/systemd/system/tool.service",
      program: "/home/alice/bin/tool",
    }),
  ]);
  const unknown = ofUnknown.filter(({ workloads }) => workloads.some(({ kind }) => kind === "unit"));
  const names = unknown.map(({ user, why, workloads }) => [
    user,
    why,
    workloads.flatMap((one: { kind: string; name?: string }) => (one.kind === "unit" ? one.name : [])),
  ]);
  expect(names).toEqual([
    [null, "not-known", ["job@.service", "large.service"]],
    ["4711", "no-account", ["number.service"]],
  ]);
  expect(collection.workloads?.uids).toEqual({ min: 1_000, max: 60_000, systemMax: null });
  expect(collection.unreadable.filter(({ kind }) => kind === "workload")).toEqual([
    {
      kind: "workload",
      path: "/etc/systemd/system/large.service",
      why: "it is too large for what it should be",
    },
    { kind: "workload", path: "/var/spool/cron/atjobs", why: expect.any(String) },
  ]);
  expect(collection.unreadable.filter(({ kind }) => kind === "setuid")).toEqual([
    { kind: "setuid", path: "/usr", why: expect.any(String) },
  ]);
  const alices = await read({ user: "alice" });
  expect(tell(alices).ofAccount).toMatchObject({ app: ofAccount.app, runner: ofAccount.runner });
  expect(jobsOf(tell(alices).ofAccount.alice)).toEqual([]);
  expect(alices.unreadable).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: "workload", path: "/var/spool/cron/crontabs" }),
      expect.objectContaining({ kind: "keytab", path: "/etc/krb5.keytab" }),
    ]),
  );
  for (const shell of SOME_SHELLS)
    expect({ shell, workloads: lasting(await read({ shell })) }).toEqual({
      shell,
      workloads: lasting(collection),
    });
});

test("jobs of cron and at are told with their accounts, and processes by whom they run as", async () => {
  const collection = await read();
  const { ofAccount, ofUnknown } = tell(collection);
  expect(jobsOf(ofAccount.app)).toEqual([
    { kind: "cron", path: "/etc/cron.d/report", line: 2, schedule: "7 * * * *", program: "/usr/bin/report" },
  ]);
  expect(jobsOf(ofAccount.alice)).toEqual([
    {
      kind: "cron",
      path: "/var/spool/cron/crontabs/alice",
      line: 2,
      schedule: "@reboot",
      program: "bin/start",
    },
    { kind: "at", path: "/var/spool/cron/atjobs/a0000101c9b8e5" },
  ]);
  expect(jobsOf(ofAccount.root)).toEqual([
    { kind: "cron", path: "/etc/cron.daily/tidy", line: 0, schedule: "@daily", program: "tidy" },
  ]);
  expect(ofUnknown).toContainEqual({
    user: "gone",
    why: "no-account",
    count: 1,
    workloads: [{ kind: "cron", path: "/etc/cron.d/report", line: 3, schedule: "* * * * *", program: null }],
  });
  expect(ofAccount.root).toContainEqual({ kind: "process", name: "sshd", count: 1, isContained: false });
  expect(collection.workloads?.processes.map(({ name }) => name)).not.toContain("awk");
  const alices = await host.run("id -u alice");
  expect(collection.workloads?.setuidPrograms).toContainEqual({
    path: "/opt/tools/helper",
    type: "file",
    mode: 0o4755,
    uid: Number(alices),
    gid: Number(alices),
    hasAcl: false,
  });
  expect(collection.workloads?.setuidPrograms.map(({ path }) => path)).toContain("/usr/bin/su");
  expect(collection.workloads?.keytabs).toEqual([{ path: "/etc/krb5.keytab", principals: ["host/x@REALM"] }]);
});

test("no value of a variable and no argument of a command leaves the host, nor a line of what a link leads to", async () => {
  const stream = await runCollector(host, { args: ["--nonce", "n"] });
  const text = stream.toString("latin1");
  const decoded = [...text.matchAll(/[A-Za-z0-9+/]{16,}/g)].map(([run]) =>
    Buffer.from(run, "base64").toString("latin1"),
  );
  expect(text).toContain("Environment:TOKEN");
  expect([text, ...decoded].filter((part) => part.includes("SECRET"))).toEqual([]);
  expect([text, ...decoded].filter((part) => /alice:[!*$]/.test(part))).toEqual([]);
});

test("a bundle tells of what runs what a scan tells", async () => {
  const bundle = readCollection(await runCollector(host), { nonce: null });
  expect(bundle && lasting(bundle)).toEqual(lasting(await read()));
  expect(bundle?.workloads?.processes.map(({ name }) => name)).toContain("sshd");
});
