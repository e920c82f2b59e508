import { expect, test } from "vitest";
import { indexMap, isOfOther, mapHost } from "#domain/deployment-status/host-map.ts";
import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const PREPARE = `
useradd --create-home alice
rm -rf /etc/nginx; mkdir -p /etc/nginx /srv/two/sites /srv/tls
cd /srv/tls
make() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null; }
make one; make two; chmod 644 *.key
# Where: PATH FOLDER-OF-ITS-OWN STATEMENTS
write() {
  mkdir -p "$2"
  {
    echo "pid $2/pid; error_log /dev/null; events {}"
    echo "http { access_log off; $3"
    for temporary in client_body proxy fastcgi uwsgi scgi; do echo "\${temporary}_temp_path $2/$temporary;"; done
    echo '}'
  } > "$1"
}
serve() { echo "server { listen ADDRESS:$1 ssl; ssl_certificate /srv/tls/$2.pem; ssl_certificate_key /srv/tls/$2.key; }"; }
# The usual one says something of the ports of the others, too: it has not read that yet.
write /etc/nginx/nginx.conf /run/one "$(for port in 8443 8444 8445 8446; do serve $port one; done)"
write /srv/two/nginx.conf /run/two 'include sites/*.conf;'
serve 8444 two > /srv/two/sites/a.conf
write /home/alice/nginx.conf /run/three "$(serve 8445 two)"; chown alice /home/alice/nginx.conf
write /home/alice/own.conf /home/alice/run "$(serve 8446 two)"; chown -R alice /home/alice
`;

test("an nginx that root has started with a configuration elsewhere goes by that; of those that were not read nothing is said", async () => {
  await using host = await startHost({ name: "nginx", prepare: PREPARE });
  await host.run(`
    sed -i "s/ADDRESS/${host.address}/" /etc/nginx/nginx.conf /srv/two/sites/a.conf /home/alice/nginx.conf /home/alice/own.conf
    # It reads its configuration before the others listen where it says so.
    cp /etc/nginx/nginx.conf /etc/nginx/later; sed -i '/:844[456] /d' /etc/nginx/nginx.conf
    setpriv --pdeathsig KILL nginx -e /dev/null
    cp /etc/nginx/later /etc/nginx/nginx.conf; rm /etc/nginx/later
    setpriv --pdeathsig KILL nginx -e /dev/null -p /srv/two/ -c nginx.conf
    setpriv --pdeathsig KILL nginx -e /dev/null -c /home/alice/nginx.conf
    setpriv --reuid alice --regid alice --clear-groups --pdeathsig KILL nginx -e /dev/null -c /home/alice/own.conf`);
  const told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  if (!told) throw new Error("nothing was collected");
  expect(told.serverConfigs.map(({ root, isStarted }) => [root, isStarted])).toEqual([
    ["/etc/nginx/nginx.conf", false],
    ["/srv/two/nginx.conf", true],
  ]);
  expect(told.unreadable.filter(({ kind }) => kind === "server-config")).toEqual([
    {
      kind: "server-config",
      path: "/home/alice/nginx.conf",
      why: "a running server was started with it, and others than root may write or replace it: it was not read",
    },
  ]);
  expect([...told.listening.processes.values()].map(({ name }) => name)).toContain(
    "nginx that root has not started",
  );
  const index = indexMap(mapHost(told), () => null);
  const ask = (port: number) =>
    index.at(port).flatMap(({ configuration, narrow }) => {
      if (isOfOther(index.listening(host.address, port), configuration)) return [];
      const asked = { address: host.address, port, name: null };
      const choice = chooseBinding(narrow(asked).configuration, asked, () => null);
      return choice.kind === "chosen" ? choice.deployments.map(({ certificate }) => certificate.path) : [];
    });
  expect([8_443, 8_444, 8_445].map(ask)).toEqual([["/srv/tls/one.pem"], ["/srv/tls/two.pem"], []]);
});
