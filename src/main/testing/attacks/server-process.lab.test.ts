import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lookAtServer } from "#net/ssh/hand/pairs/look-at-server.ts";
import { openPairHand } from "#net/ssh/hand/pairs/testing/pair-hand.ts";
import { startShellIn } from "#testing/lab/shell-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";

/** The system's own programs, with words that lead to what is the user's. */
const SERVERS = {
  postfix: "/usr/lib/postfix/sbin/master -c /home/alice/postfix",
  dovecot: "/usr/sbin/dovecot -c /home/alice/dovecot.conf",
  slapd: "/usr/sbin/slapd -h ldapi:///",
  mariadb: "/usr/sbin/mariadbd --socket=/home/alice/sock",
  nginx: "/usr/sbin/nginx -c /home/alice/nginx.conf",
  haproxy: "/usr/sbin/haproxy -f /home/alice/haproxy.cfg",
} as const;

test.skipIf(!canStartHosts())(
  "no process that a user has made of a server's program is told of a pair, or given one",
  async () => {
    const program = await readFile(join(import.meta.dirname, "stopped-program.py"), "utf8");
    await using host = await startHost({
      name: "stopped",
      prepare: `
        useradd --create-home alice; mkdir /etc/site; cd /etc/site
        openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=site -keyout site.key -out site.pem 2>/dev/null; chmod 600 site.key
        cat > /run/stopped.py <<'PYTHON'
${program}
PYTHON`,
    });
    for (const [server, words] of Object.entries(SERVERS))
      await host.run(`
        HOME=/home/alice setpriv --reuid alice --regid alice --init-groups \\
          /usr/bin/python3 /run/stopped.py ${words} >/tmp/said-${server} 2>&1 </dev/null &
        until grep -q stopped /tmp/said-${server}; do :; done`);
    await using hand = await openPairHand(startShellIn(host));
    for (const server of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) {
      const look = await lookAtServer(hand, {
        ...{ server, config: null, paths: ["/etc/site/site.pem", "/etc/site/site.key"] },
      });
      expect({ server, look }).toEqual({
        server,
        look: { kind: "seen", toldBy: "none", said: expect.stringMatching(/^(no|none of root) .*runs/) },
      });
    }
  },
);
