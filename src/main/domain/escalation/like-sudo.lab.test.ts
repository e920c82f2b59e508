import { afterAll, beforeAll, expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { evaluateReach } from "./reach.ts";

/** Each account is for one question; root and app are the targets. */
const SUDOERS = String.raw`
Defaults env_reset, mail_badpass
Defaults secure_path="/usr/local/sbin:/usr/sbin:/usr/bin"
Defaults:quiet,!noisy !authenticate
Defaults exempt_group = exempt
Defaults:byroot rootpw
Defaults@otherhost !authenticate
User_Alias OPS = ops1, %crew, !ops2 : NOBODY = nobody
Runas_Alias APPS = app, #4242 # who runs what
Cmnd_Alias SHELLS = /bin/bash, /usr/bin/bash : \
	LISTING = /usr/bin/ls, \
	/usr/bin/stat
Cmnd_Alias ALLCMD = ALL
Host_Alias HERE = labsudo, !other : THERE = 192.0.2.0/24
root ALL=(ALL:ALL) ALL
plain ALL=(ALL) ALL
%wheelish ALL=(ALL:ALL) NOPASSWD: ALL
nopass ALL = NOPASSWD: ALL
later ALL=(ALL) NOPASSWD: ALL
later ALL=(ALL) ALL
tagged ALL=(root) NOPASSWD: /usr/bin/ls, PASSWD: ALL
denied ALL=(ALL) ALL, !ALL
afterdeny ALL=(ALL) ALL
afterdeny ALL=(ALL) !ALL
butshells ALL=(ALL) NOPASSWD: ALL, !SHELLS
onlylist ALL=(root) NOPASSWD: LISTING
onlyapp ALL=(APPS) NOPASSWD: ALL
notroot ALL=(ALL, !root) NOPASSWD: ALL
groupof ALL=(:crew) NOPASSWD: ALL
appgroup ALL=(%appers) NOPASSWD: ALL
OPS HERE = NOPASSWD: ALLCMD
elsewhere otherhost = (ALL) NOPASSWD: ALL
wild lab* = (ALL) NOPASSWD: ALL : otherhost = (root) /bin/ls
nothost !labsudo = (ALL) NOPASSWD: ALL
#4343 ALL=(ALL) NOPASSWD: ALL
"quo ted", quoted ALL=(ALL) NOPASSWD: ALL
quiet ALL=(ALL) ALL
noisy ALL=(ALL) ALL
exempted ALL=(ALL) ALL
byroot ALL=(ALL) ALL
broken ALL=(ALL NOPASSWD: ALL
spaced   ALL  =  ( root : ALL )   NOPASSWD : NOEXEC:  ALL
digest ALL=(root) NOPASSWD: sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /usr/bin/ls
role ALL=(root) CWD=/tmp NOPASSWD: ALL
@include /etc/sudoers.more
#includedir /etc/sudoers.d
`;

const ACCOUNTS = [
  "plain",
  "wheeler",
  "nopass",
  "later",
  "tagged",
  "denied",
  "afterdeny",
  "butshells",
  "onlylist",
  "onlyapp",
  "notroot",
  "groupof",
  "appgroup",
  "ops1",
  "ops2",
  "crewman",
  "elsewhere",
  "wild",
  "nothost",
  "numbered",
  "quoted",
  "quiet",
  "noisy",
  "exempted",
  "byroot",
  "broken",
  "spaced",
  "digest",
  "role",
  "more",
  "dropped",
  "dotted",
  "tilde",
  "loose",
  "foreign",
  "nobodyelse",
];

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
echo 127.0.0.1 labsudo >> /etc/hosts
word=$(openssl passwd -1 pw); uid=5000
for name in root app ${ACCOUNTS.join(" ")}; do
	uid=$((uid + 1))
	case $name in root) id=0 ;; app) id=4242 ;; numbered) id=4343 ;; *) id=$uid ;; esac
	sed -i "/^$name:/d" /etc/passwd /etc/shadow
	echo "$name:x:$id:$id::/:/bin/sh" >> /etc/passwd
	echo "$name:$word:20000::::::" >> /etc/shadow
	[ $id = 0 ] || echo "$name:x:$id:" >> /etc/group
done
printf '%s\\n' wheelish:x:6001:wheeler crew:x:6002:crewman,ops2 exempt:x:6003:exempted appers:x:6004:app >> /etc/group
rm -rf /etc/sudoers.d; mkdir /etc/sudoers.d
cat > /etc/sudoers <<'END'
${SUDOERS}
END
echo 'more ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.more
echo 'dropped ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/10-dropped
echo 'dotted ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/20.dotted
echo 'tilde ALL=(ALL) NOPASSWD: ALL' > '/etc/sudoers.d/30-tilde~'
echo 'loose ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/40-loose
echo 'foreign ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/50-foreign
chmod 440 /etc/sudoers /etc/sudoers.more /etc/sudoers.d/*
chmod 666 /etc/sudoers.d/40-loose; chown app /etc/sudoers.d/50-foreign
`;

let host: LabHost;
let collection: Collection;
beforeAll(async () => {
  host = await startHost({ name: "labsudo", prepare: PREPARE });
  const read = readCollection(await runCollector(host), { nonce: null });
  if (!read) throw new Error("the collector wrote nothing");
  collection = read;
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Whether sudo lets each account run, as the target, a command that no rule names: no, with a password, without. */
async function askSudo(target: string): Promise<Record<string, string>> {
  const output = await host.run(`
    as() {
      account=$1; shift
      echo pw | setpriv --reuid $account --regid $account --init-groups sudo "$@" >/dev/null 2>&1
    }
    for name in ${ACCOUNTS.join(" ")}; do
      if as $name -n -u ${target} /usr/bin/printenv; then echo "$name free"
      elif as $name -S -k -u ${target} /usr/bin/printenv; then echo "$name password"
      else echo "$name no"
      fi
    done`);
  return Object.fromEntries(
    output
      .trim()
      .split("\n")
      .map((line) => line.split(" ")),
  );
}

test("who becomes root, and who another account, is what sudo itself says, password and all", async () => {
  const { reach } = evaluateReach(collection);
  for (const target of ["root", "app"]) {
    const said = await askSudo(target);
    const told = Object.fromEntries(
      ACCOUNTS.map((account) => {
        const found = reach.escalations.find((one) => one.account === account && one.target === target);
        // An account that may run any command as root may become the others as well; we report root alone.
        if (found?.commands !== "any") return [account, "no"];
        return [account, found.password === "none" ? "free" : "password"];
      }),
    );
    expect({ target, told }).toEqual({ target, told: said });
  }
  expect(reach.escalations.every(({ isCertain }) => isCertain)).toBe(true);
});

test("rules for some commands are told as such, with the rule and what could not be read", () => {
  const { reach, problems } = evaluateReach(collection);
  const of = (account: string) =>
    reach.escalations.filter((one) => one.account === account && one.target === "root");
  expect(of("onlylist")).toMatchObject([
    { commands: "some", password: "none", what: ["/usr/bin/ls", "/usr/bin/stat"], shell: null },
  ]);
  expect(of("digest")).toMatchObject([{ commands: "some", what: ["/usr/bin/ls"] }]);
  expect(of("dropped")).toMatchObject([{ rule: "/etc/sudoers.d/10-dropped:1" }]);
  expect(of("byroot")).toMatchObject([{ password: "root" }]);
  expect(problems.map(({ why }) => why)).toEqual(
    expect.arrayContaining([
      "sudo refuses /etc/sudoers.d/40-loose: others than root may write it",
      expect.stringMatching(/^sudo refuses \/etc\/sudoers.d\/50-foreign: it belongs to uid \d+$/),
      expect.stringMatching(/^\/etc\/sudoers:\d+ cannot be read, and sudo passes over it as well$/),
    ]),
  );
});

test("without root nothing is said for certain, and a group is only a hint", async () => {
  await host.run("sed -i '/^sudo:/d' /etc/group; echo sudo:x:27:nobodyelse >> /etc/group");
  const stream = await runCollector(host, { user: "plain" });
  const read = readCollection(stream, { nonce: null });
  if (!read) throw new Error("the collector wrote nothing");
  expect(read.unreadable).toContainEqual({
    kind: "sudo",
    path: "/etc/sudoers",
    why: "only root may read it",
  });
  const { reach } = evaluateReach(read);
  expect(reach).toMatchObject({
    areRulesRead: false,
    escalations: [
      {
        account: "nobodyelse",
        target: "root",
        isCertain: false,
        rule: "in the group sudo; /etc/sudoers was not read",
      },
    ],
  });
});
