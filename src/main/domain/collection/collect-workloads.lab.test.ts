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
  expect(ofAccount.app).toEqual([
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
  expect(ofAccount.alice).toEqual([
    unit("tool.service", {
      isEnabled: true,
      path: "/etc/systemd/system/tool.service",
      program: "/home/alice/bin/tool",
    }),
  ]);
  const names = ofUnknown.map(({ user, why, workloads }) => [
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
  ]);
  const alices = await read({ user: "alice" });
  expect(tell(alices).ofAccount).toMatchObject({ app: ofAccount.app, runner: ofAccount.runner });
  for (const shell of SOME_SHELLS)
    expect({ shell, workloads: (await read({ shell })).workloads }).toEqual({
      shell,
      workloads: collection.workloads,
    });
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
  expect(bundle?.workloads).toEqual((await read()).workloads);
});
