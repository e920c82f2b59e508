import { expect, test } from "vitest";
import { mapHost } from "#domain/deployment-status/host-map.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const PREPARE = `
mkdir -p /etc/postfix /etc/haproxy /srv/mail /srv/queue /srv/data
for name in pid private public incoming active deferred maildrop; do mkdir /srv/queue/$name; done
chown postfix /srv/data /srv/queue/private /srv/queue/public
cat > /etc/haproxy/haproxy.cfg <<'END'
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend one
  bind ADDRESS:8443
END
sed s/8443/8444/ /etc/haproxy/haproxy.cfg > /srv/two.cfg
cat > /etc/postfix/main.cf <<'END'
compatibility_level = 3.6
queue_directory = /srv/queue
data_directory = /srv/data
mail_owner = postfix
maillog_file = /srv/maillog
maillog_file_prefixes = /srv
myhostname = mail.example
END
echo 'ADDRESS:2525 inet n - n - - smtpd' > /etc/postfix/master.cf
cp /etc/postfix/*.cf /srv/mail
`;

test("a second Postfix and a second HAProxy are known by what root started them with, and told of as unread", async () => {
  await using host = await startHost({ name: "instances", prepare: PREPARE });
  // As /proc/net/tcp has it.
  const address = Buffer.from(host.address.split(".").map(Number).reverse()).toString("hex").toUpperCase();
  await host.run(`
    sed -i "s/ADDRESS/${host.address}/" /etc/haproxy/haproxy.cfg /srv/two.cfg /etc/postfix/master.cf /srv/mail/master.cf
    for file in /etc/haproxy/haproxy.cfg /srv/two.cfg; do haproxy -D -f $file; done
    # As "postfix -c /srv/mail start" begins it.
    MAIL_CONFIG=/srv/mail /usr/lib/postfix/sbin/master -d </dev/null >/root/said 2>&1 &
    master=$!
    listens() { grep -q "${address}:$1 00000000:0000 0A" /proc/net/tcp; }
    until listens 20FB && listens 20FC && listens 09DD; do
      kill -0 $master || { cat /root/said >&2; exit 1; }
    done`);
  const told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  if (!told) throw new Error("nothing was collected");
  const roots = mapHost(told).listeners?.flatMap(({ port, processes }) =>
    processes.flatMap(({ startedWith }) => (startedWith ? [`${port} ${startedWith.root}`] : [])),
  );
  expect([...new Set(roots)].toSorted()).toEqual([
    "2525 /srv/mail/main.cf",
    "8443 /etc/haproxy/haproxy.cfg",
    "8444 /srv/two.cfg",
  ]);
  const why = (server: string) => `a running ${server} was started with it, and it was not read`;
  expect(told.unreadable.filter(({ kind }) => kind === "server-config")).toEqual(
    expect.arrayContaining([
      { kind: "server-config", path: "/srv/mail/main.cf", why: why("postfix") },
      { kind: "server-config", path: "/srv/two.cfg", why: why("haproxy") },
    ]),
  );
});
