import { expect, test } from "vitest";
import { evaluateWorkloads } from "#domain/accounts/workloads.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const read = async (host: LabHost) => {
  const collection = readCollection(await runCollector(host), { nonce: null });
  if (!collection) throw new Error("the collector wrote nothing");
  return collection;
};

/** No systemd, and crontabs of ten megabytes with NUL bytes between two jobs. */
const ODD = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2 /etc/systemd /usr/lib/systemd /usr/local/lib/systemd /run/systemd
rm -rf /etc/cron* /var/spool/cron/*
useradd --create-home ann; useradd --create-home bob; mkdir -p /var/spool/cron/crontabs /etc/cron.d
{ echo '@daily /usr/bin/one'; head -c 10000000 /dev/zero; echo; echo '@daily /usr/bin/two'; } > /var/spool/cron/crontabs/ann
{ echo '@daily ann /usr/bin/three'; yes '# a remark' | head -c 10000000; echo '@daily ann /usr/bin/four'; } > /etc/cron.d/large
printf '@daily /usr/bin/\\000a\\n@hourly /usr/bin/five\\n' > /var/spool/cron/crontabs/bob
chown ann: /var/spool/cron/crontabs/ann; chown bob: /var/spool/cron/crontabs/bob; chmod 600 /var/spool/cron/crontabs/*
`;

test("without systemd there are no units, and a crontab of ten megabytes with NUL bytes hides nothing of another's", async () => {
  await using host = await startHost({ name: "odd", prepare: ODD });
  const collection = await read(host);
  expect(collection.incomplete).toBe(null);
  expect(collection.workloads?.unitFiles).toEqual([]);
  const jobs = (name: string) =>
    evaluateWorkloads(collection)
      ?.ofAccount.get(name)
      ?.workloads.flatMap((one) => (one.kind === "cron" ? [one.program] : []));
  expect(jobs("ann")).toEqual(["/usr/bin/three", "/usr/bin/one"]);
  expect(jobs("bob")).toContain("/usr/bin/five");
  const cut = collection.unreadable.filter(({ kind }) => kind === "workload").map(({ path }) => path);
  expect(cut).toEqual(["/etc/cron.d/large", "/var/spool/cron/crontabs/ann"]);
}, 120_000);
