import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectChallengeMethods } from "#net/ssh/session/challenges.ts";
import {
  openDeploymentSession,
  readDeploymentScripts,
} from "#net/ssh/session/deployments/testing/deployment-session.ts";
import { inspectServer } from "#net/ssh/session/inspect-deployment.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { PATIENT } from "#testing/lab/start-servers-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

/** The system's own programs, with arguments that name files of the user's. */
const SERVERS = {
  postfix: "/usr/lib/postfix/sbin/master -c /home/alice/postfix",
  dovecot: "/usr/sbin/dovecot -c /home/alice/dovecot.conf",
  slapd: "/usr/sbin/slapd -h ldapi:///",
  mariadb: "/usr/sbin/mariadbd --socket=/home/alice/sock",
  nginx: "/usr/sbin/nginx -c /home/alice/nginx.conf",
  haproxy: "/usr/sbin/haproxy -f /home/alice/haproxy.cfg",
} as const;

const lab = test.skipIf(!canStartHosts());

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  const program = await readFile(join(import.meta.dirname, "stopped-program.py"), "utf8");
  host = await startHost({
    name: "stopped",
    prepare: `
      useradd --create-home alice; mkdir /etc/site; cd /etc/site
      openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=site -keyout site.key -out site.pem 2>/dev/null; chmod 600 site.key
      cat > /run/stopped.py <<'PYTHON'
${program}
PYTHON`,
  });
  for (const [server, words] of Object.entries(SERVERS))
    await host.run(`${PATIENT}
      HOME=/home/alice setpriv --reuid alice --regid alice --init-groups \\
        /usr/bin/python3 /run/stopped.py ${words} >/tmp/said-${server} 2>&1 </dev/null &
      patient /tmp/said-${server} grep -q stopped /tmp/said-${server}`);
});
afterAll(() => host?.[Symbol.asyncDispose]());

lab(
  "no process that a user has made of a server's program is reloaded for a deployment, or gets one",
  async () => {
    await using hand = await openDeploymentSession(startShellIn(host));
    for (const server of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) {
      const look = await inspectServer(hand, {
        server,
        config: null,
        paths: ["/etc/site/site.pem", "/etc/site/site.key"],
      });
      expect({ server, look }).toEqual({
        server,
        look: { kind: "seen", reloadedBy: "none", said: expect.stringMatching(/^(no|none of root) .*runs/) },
      });
    }
  },
);

/**
 * Programs of alice's under a web server's name, each with arguments by which its interpreter would execute a file of
 * hers.
 */
const NAMED = `${PATIENT}
  printf '#!/bin/sh\\nid -u >>/root/owned\\n' >/home/alice/lure; chmod 755 /home/alice /home/alice/lure
  printf 'include /etc/shadow;\\n' >/home/alice/nginx.conf
  for name in nginx apache2; do
    printf '#!/bin/bash\\necho begun >/tmp/begun-$0:t; read -r _ <>/tmp/wait\\n' | sed "s|\\$0:t|$name|" >/home/alice/$name
    chmod 755 /home/alice/$name
  done
  mkfifo -m 666 /tmp/wait
  for name in nginx apache2; do
    setpriv --reuid alice --regid alice --init-groups /home/alice/$name -c /home/alice/lure >/tmp/named-$name 2>&1 </dev/null &
    patient /tmp/named-$name test -s /tmp/begun-$name
  done`;

/** A process of root's own that uses a file of alice's; it must not remain for the next test. */
const OF_ROOT = `${PATIENT}
  /usr/bin/python3 /run/stopped.py ${SERVERS.nginx} >/tmp/said-root 2>&1 </dev/null &
  echo $! >/run/of-root
  patient /tmp/said-root grep -q stopped /tmp/said-root`;
const END_OF_ROOT = `kill -9 $(sed -n 's/^stopped //p' /tmp/said-root) $(cat /run/of-root)`;

lab(
  "where it is looked how challenges could be answered, root runs no program of a user's that is named like a web server, and reads nothing by its words",
  async () => {
    await host.run(NAMED);
    await using hand = await openSessionIn(startShellIn(host), await readRotationScript("challenge"));
    const looked = await inspectChallengeMethods(hand);
    expect(await host.run("cat /root/owned 2>/dev/null || true")).toBe("");
    // Nor does it keep the host's own servers from being inspected: it is not one of them.
    expect(looked).toMatchObject({ kind: "seen", inspection: { isRoot: true, dumps: [], unreadable: [] } });
    await host.run(OF_ROOT);
    const unreadable = [
      expect.stringContaining("nginx was started with a file that is not there, or that others"),
    ];
    expect(await inspectChallengeMethods(hand).finally(() => host.run(END_OF_ROOT))).toMatchObject({
      kind: "seen",
      inspection: { dumps: [], unreadable },
    });
  },
);

lab(
  "a web server of root's own is asked by a file below the folder that it was built for, and one that runs elsewhere is not said to be a stranger's",
  async () => {
    await host.run(`mkdir -p /usr/share/nginx/conf
      echo 'daemon off; pid /run/own.pid; error_log /run/own.log; events {} http { access_log off; server { listen unix:/run/own.sock; server_name own.test; } }' \
        >/usr/share/nginx/conf/own.conf`);
    const look = async (start: string) => {
      await using hand = await openSessionIn(startShellIn(host), await readRotationScript("challenge"));
      await host.run(`${PATIENT}
        ${start} </dev/null >/tmp/said-own 2>&1 &
        patient /tmp/said-own test -S /run/own.sock`);
      const looked = await inspectChallengeMethods(hand).finally(() =>
        host.run(`${PATIENT}
          for process in /proc/[0-9]*; do
            case $(tr '\\0' ' ' <$process/cmdline) in 'nginx: master process'*) kill \${process#/proc/} ;; esac
          done
          ended() { ! grep -aqs '^nginx: ' /proc/[0-9]*/cmdline; }
          patient /tmp/said-own ended; rm -f /run/own.sock`),
      );
      if (looked.kind !== "seen") throw new Error(JSON.stringify(looked));
      return looked.inspection;
    };
    expect(await look("nginx -c conf/own.conf")).toMatchObject({
      dumps: [{ server: "nginx", text: expect.stringContaining("server_name own.test") }],
      unreadable: [],
    });
    const elsewhere = "has processes or a root folder of its own, as in a container or a chroot";
    expect(await look("unshare --pid --fork nginx -c conf/own.conf")).toMatchObject({
      dumps: [],
      unreadable: [expect.stringContaining(`nginx ${elsewhere}`)],
    });
  },
);

/** A server of alice's that, when it gets a reload signal, opens a file that it may not read as its log. */
const TURNING = `import os, signal, time
def turn(*_):
    os.dup2(os.open("/etc/shadow", os.O_PATH), 2)
    open("/tmp/turned", "w").close()
signal.signal(signal.SIGHUP, turn)
os.dup2(os.open("/home/alice/log", os.O_CREAT | os.O_RDWR), 2)
print("begun", flush=True)
while True: time.sleep(1)`;

lab("what a server says as it is reloaded is read with the rights of whoever runs it", async () => {
  await host.run(`${PATIENT}
    cat >/run/turning.py <<'PYTHON'
${TURNING}
PYTHON
    setpriv --reuid alice --regid alice --init-groups /usr/bin/python3 /run/turning.py >/tmp/said-turning </dev/null 2>&1 &
    echo $! >/run/turning
    patient /tmp/said-turning grep -q begun /tmp/said-turning`);
  const hear = `do_hear() {
    read -r turning </run/turning
    learn_process "$turning" "$(basename "$(readlink "/proc/$turning/exe")")"
    mark_log "$turning"
    echo more >>/home/alice/log
    new_log_lines | send_data first
    kill -HUP "$turning"
    until [ -e /tmp/turned ]; do sleep 0.1; done
    new_log_lines | send_data then
    ok heard
  }`;
  await using hand = await openSessionIn(startShellIn(host), `${await readDeploymentScripts()}\n${hear}`);
  const heard = await hand.send({ verb: "hear", words: [] }, { deadlineMs: 30_000 });
  const said = heard.kind === "answered" ? heard.data : new Map<string, Uint8Array>();
  expect(Buffer.from(said.get("first") ?? []).toString()).toBe("more\n");
  expect(Buffer.from(said.get("then") ?? []).toString()).toBe("");
});

/** Runs these lines for the shell as one request of a session of root's, and gives what they say. */
async function saidBy(lines: string, deadlineMs = 30_000) {
  const verb = `do_ask() {\nlive_key=/home/alice/own.key\n{\n${lines}\n} | send_data said\nok asked\n}`;
  await using hand = await openSessionIn(startShellIn(host), `${await readDeploymentScripts()}\n${verb}`);
  const answer = await hand.send({ verb: "ask", words: [] }, { deadlineMs });
  if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
  return Buffer.from(answer.data.get("said") ?? [])
    .toString()
    .trim();
}

/** A program of this host that is a server to whoever goes by its name, with a key that alice may read. */
const PERL_AS_POSTGRES = `${PATIENT}
  mkdir -p /opt/servers /opt/open; cp /usr/bin/perl /opt/servers/postgres
  cp /usr/bin/perl /opt/open/postgres; chown alice /opt/open/postgres
  install -o alice -m 600 /dev/null /home/alice/own.key
  [ -p /tmp/silence ] || mkfifo -m 666 /tmp/silence
  as_alice() { setpriv --reuid alice --regid alice --init-groups "$@" </dev/null >/dev/null 2>&1 & }
  titled() { grep -qx postgres "/proc/$1/comm"; }`;

/** It becomes a program with root's rights when it gets a signal; su waits for a password. */
const BECOMES_SU = `$SIG{HUP} = sub { open STDIN, "+<", "/tmp/silence"; exec "/usr/bin/su" }; sleep 1 while 1`;

lab("a process that was taken for a server's gives nobody the rights that it gets afterwards", async () => {
  await host.run(`${PERL_AS_POSTGRES}
    as_alice /opt/servers/postgres -e '${BECOMES_SU}'
    echo $! >/run/becoming
    patient /dev/null titled $!`);
  const said = await saidBy(`read -r becoming </run/becoming
    mains_of postgres || echo none
    kill -HUP "$becoming"
    until grep -q "^Uid:.*[[:space:]]0[[:space:]]" "/proc/$becoming/status"; do sleep 0.1; done
    echo "taken:$mains now:$(as_process "$becoming" id -u)"`);
  await host.run("kill -9 $(cat /run/becoming)");
  const [pid, alice] = [await host.run("cat /run/becoming"), await host.run("id -u alice")];
  expect(said).toBe(`taken: ${pid.trim()} now:${alice.trim()}`);
});

lab.each([
  ["has root's rights for the moment", "/home/alice/postgres"],
  ["says that it is named so", `/usr/bin/perl -e '$0 = "postgres"; sleep 1 while 1'`],
  ["can be overwritten by its user", "/opt/open/postgres -e 'sleep 1 while 1'"],
])("a program that is named like a server and %s is none", async (_, command) => {
  await host.run(`${PERL_AS_POSTGRES}
    ln -sf /usr/bin/su /home/alice/postgres
    setpriv --reuid alice --regid alice --init-groups ${command} <>/tmp/silence >/dev/null 2>&1 &
    echo $! >/run/named
    patient /dev/null titled $!`);
  const said = await saidBy(`mains_of postgres; echo "taken:$mains"`);
  await host.run("kill -9 $(cat /run/named)");
  expect(said).toBe("taken:");
});

lab("what runs with the rights of a server's account cannot read what root's session is sent", async () => {
  await host.run(`${PERL_AS_POSTGRES}
    as_alice /opt/servers/postgres -e 'sleep 1 while 1'
    echo $! >/run/reading
    patient /dev/null titled $!`);
  const said = await saidBy(`mains_of postgres
    as_process $mains ls /proc/self/fd | grep -x '[0-9]' | tr '\\n' ' '`);
  await host.run("kill -9 $(cat /run/reading)");
  // What ls has open itself is the last.
  expect(said).toBe("0 1 2 3");
});

lab(
  "who answers as MariaDB gets no file of root's, and no password of a database that is another's",
  async () => {
    const program = await readFile(join(import.meta.dirname, "ask-for-file.py"), "utf8");
    await host.run(`${PATIENT}
    printf '[client]\nlocal-infile=1\nuser=dba\npassword=of-the-database\n' >/root/.my.cnf
    mkdir -p /etc/mysql; echo of-root >/root/secret; chmod 600 /root/secret
    printf '[client]\nuser=debian-sys-maint\npassword=of-the-database\n' >/etc/mysql/debian.cnf
    cat >/run/ask.py <<'PYTHON'
${program}
PYTHON
    setpriv --reuid alice --regid alice --init-groups /usr/bin/python3 /run/ask.py /tmp/asking /root/secret >/tmp/said-asking 2>&1 </dev/null &
    echo $! >/run/asking
    patient /tmp/said-asking grep -q listens /tmp/said-asking`);
    await saidBy(`client=mariadb socket=/tmp/asking as_uid=$(id -u alice)
    query_mariadb 'SELECT 1'`);
    await host.run("kill -9 $(cat /run/asking); rm /root/.my.cnf /etc/mysql/debian.cnf");
    expect((await host.run("cat /tmp/said-asking")).trim().split("\n")).toEqual([
      "listens",
      "login root",
      "got nothing",
      "closed",
    ]);
  },
);

lab("what an account leaves in the folder of a try is in no other try's way", async () => {
  await host.run(`${PERL_AS_POSTGRES}
    as_alice /opt/servers/postgres -e 'sleep 1 while 1'
    echo $! >/run/leaving
    patient /dev/null titled $!`);
  const said = await saidBy(`mains_of postgres
    run=none id=7
    for left in 'mkdir x; touch x/y; chmod 0 x' 'touch ..x; chmod 500 .' 'ln -s /root /etc .'; do
      begin_try && folder_for $mains "$try/own" || echo "in the way of: $left"
      as_process $mains sh -c 'cd "$1" && eval "$2"' sh "$try/own" "$left"
      end_try
    done
    ls -d /run/latchkey-* /root /etc | tr '\\n' ' '`);
  await host.run("kill -9 $(cat /run/leaving)");
  expect(said).toBe("/etc /root");
});

lab("a server is asked by a socket that nobody but its user and root can have put in its place", async () => {
  const program = await readFile(join(import.meta.dirname, "name-sockets.py"), "utf8");
  await host.run(`${PERL_AS_POSTGRES}
    useradd --system keeper; install -d -o keeper /run/kept; ln -s /run/kept /opt/kept
    listen() { echo 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("'$1'")) or die; listen(S, 1); sleep 1 while 1'; }
    setpriv --reuid keeper --regid keeper --clear-groups /opt/servers/postgres -MSocket -e "$(listen /opt/kept/sock)" \
      </dev/null >/tmp/said-kept 2>&1 &
    echo $! >/run/kept.pid
    install -d -o alice /tmp/named; ln -s /run/kept /tmp/named/link
    as_alice /usr/bin/perl -MSocket -e "$(listen /tmp/named/own)"
    echo $! >>/run/kept.pid
    patient /tmp/said-kept test -S /run/kept/sock
    patient /tmp/said-kept test -S /tmp/named/own
    inode=$(awk '$NF == "/opt/kept/sock" { print $(NF - 1) }' /proc/net/unix)
    cat >/run/name-sockets.py <<'PYTHON'
${program}
PYTHON
    cd /tmp/named
    setpriv --reuid alice --regid alice --init-groups /usr/bin/python3 /run/name-sockets.py "$inode" \
      /tmp/named/own /tmp/named/link/sock "/tmp/named/own y/sock" </dev/null >/tmp/said-named 2>&1 &
    echo $! >>/run/kept.pid
    patient /tmp/said-named grep -q named /tmp/said-named`);
  const said = await saidBy(`read -r kept </run/kept.pid
    learn_process "$kept" postgres && sockets_of "$kept"
    echo $sockets`);
  const [pid] = (await host.run("cat /run/kept.pid; kill -9 $(cat /run/kept.pid)")).split("\n");
  expect(said).toBe(`/proc/${pid}/root/run/kept/sock`);
});
