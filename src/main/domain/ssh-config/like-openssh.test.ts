import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { expandGlob } from "#net/local/expand-glob.ts";
import { askSsh } from "#testing/ssh/open-workstation.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Jump } from "./hosts.ts";
import { findIncludes, readBlocks } from "./read-blocks.ts";
import { createResolver } from "./resolve.ts";

const { homedir, username } = userInfo();

type Said = Record<string, string | string[]>;

const folder = await makeTemporaryFolder();
afterAll(() => folder[Symbol.asyncDispose]());

async function askTheirs(file: string, host: string, user: string | null): Promise<Said | null> {
  const find = await askSsh(file, host, user === null ? [] : ["-l", user]);
  if (!find) return null;
  return {
    hostname: find("hostname")[0] ?? "",
    user: find("user")[0] ?? "",
    port: find("port")[0] ?? "",
    identityfile: find("identityfile"),
    identitiesonly: find("identitiesonly")[0] ?? "",
    hostkeyalias: find("hostkeyalias")[0] ?? "",
    proxyjump: find("proxyjump")[0] ?? "",
    proxycommand: find("proxycommand")[0] ?? "",
  };
}

const USUAL = ["rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss"].map(
  (name) => `~/.ssh/id_${name}`,
);

async function askOurs(file: string, text: string, host: string, user: string | null) {
  const files = new Map([[file, { text }]]);
  const includes = new Map<string, string[]>();
  for (const pattern of findIncludes(text, { isUser: true, home: homedir })) {
    includes.set(pattern, await expandGlob(pattern));
    for (const path of includes.get(pattern) ?? []) files.set(path, { text: INCLUDED });
  }
  const source = {
    roots: [{ path: file, isUser: true }],
    files,
    includes,
    home: homedir,
    describe: (path: string) => path,
  };
  const blocks = readBlocks(source);
  const answer = createResolver(blocks, username)({ host, user, jumps: null });
  const said: Said = {
    hostname: answer.hostname,
    user: answer.user ?? username,
    port: String(answer.port ?? 22),
    identityfile: answer.identityFiles?.map(({ value }) => value) ?? USUAL,
    identitiesonly: answer.identitiesOnly ? "yes" : "no",
    hostkeyalias: answer.hostKeyAlias ?? "",
    proxyjump: answer.jumps?.value.map(formatJump).join(",") ?? "",
    proxycommand: answer.proxyCommand?.value ?? "",
  };
  return { said, broken: blocks.broken };
}

const formatJump = ({ user, host, port }: Jump) =>
  `${user === null ? "" : `${user}@`}${/[:]|^[\d.]+$/.test(host) ? `[${host}]` : host}${port === null ? "" : `:${port}`}`;

/** ssh prints all hops but the last as written, with brackets or as URIs: this writes them alike. */
const plainly = (said: Said | null) =>
  said && { ...said, proxyjump: String(said.proxyjump).replace(/ssh:\/\/|[[\]]/g, "") };

const INCLUDED = "User included\nHost web1\n  Port 2022\nHost *\n  HostKeyAlias from-include\n";

let number = 0;

async function compare(text: string, host: string, user: string | null = null) {
  const file = join(folder.path, `config-${number++}`);
  await writeFile(file, text);
  const theirs = await askTheirs(file, host, user);
  const { said, broken } = await askOurs(file, text, host, user);
  return { theirs: plainly(theirs), ours: plainly(said), broken };
}

const HOSTS = ["web1", "web1.corp", "db", "Web1", "10.0.0.5", "bastion", "2001:db8::1"];

test.each([
  [
    "blanks, equals signs, quotes and comments",
    'Host=web1\n\t HostName = "web1.corp" # there\nPort\t2222\n#User x\n User "jo"',
  ],
  [
    "quotes and backslashes",
    'Host "web1" \'db\'\n IdentityFile "~/my key"\n IdentityFile ~/a\\ b\n IdentityFile \'~/x"y\'',
  ],
  [
    "patterns and negation",
    "Host * !db !web1.*\n User most\nHost web?\n Port 1\nHost !bastion\n Port 2\nHost *.corp\n Port 3",
  ],
  [
    "the first value, and every IdentityFile once",
    "IdentityFile ~/a\nUser first\nHost *\nUser second\nIdentityFile ~/b\nIdentityFile ~/a\nPort 7\nPort 8",
  ],
  ["HostName with %h and %%", "Host web1 db\n HostName %h.example.com\nHost *\n HostName fe80::1%%eth0"],
  [
    "keywords and flags in any case",
    "HOST web1\n hostNAME Other.Corp\n IDENTITIESONLY True\nHost *\n IdentitiesOnly no",
  ],
  [
    "ProxyJump before ProxyCommand",
    "Host web1\n ProxyJump jo@bastion:2022,10.0.0.1\n ProxyCommand nc %h %p\nHost db\n ProxyCommand nc %h %p\n ProxyJump bastion",
  ],
  [
    "ProxyJump none",
    "Host web1\n ProxyJump none\n ProxyCommand nc %h\nHost db\n ProxyJump none\nHost *\n ProxyJump bastion2",
  ],
  ["ProxyCommand none", "Host web1 db\n ProxyCommand none\nHost *\n ProxyJump bastion2"],
  ["ProxyJump with URIs and addresses", "ProxyJump ssh://jo@hop1:2201,[2001:db8::5]:22,hop3 # the way"],
  ["HostKeyAlias", "Host web*\n HostKeyAlias The-Web"],
  [
    "Match host after HostName",
    "Host web1\n HostName inner.corp\nMatch host *.corp\n User corp\nMatch host web1\n Port 9",
  ],
  [
    "Match originalhost, user and localuser",
    `Host web1\n User deploy\n HostName x\nMatch originalhost web1 user deploy localuser ${username}\n Port 3\nMatch user root,!deploy\n Port 4\nMatch !localuser ${username}\n Port 5`,
  ],
  ["Match all and negated criteria", "Match !host web1,db\n User other\nMatch all\n Port 4"],
  [
    "Match final",
    "Host web1\n HostName web1.corp\nMatch final host *.corp\n User final\nHost *.corp\n Port 99\nMatch !final\n Port 77",
  ],
  ["Match canonical without a final pass", "Match canonical\n User never\nMatch !canonical\n User always"],
  ["Match canonical in a final pass", "Match final all\n Port 1\nMatch canonical host=web1\n User x"],
  ["a tag", 'Host web*\n Tag web\nMatch tagged web\n User tagged\nMatch tagged=""\n User none'],
  ["what IgnoreUnknown lets pass", "IgnoreUnknown Use*,!UseNothing\nUseKeychainX yes\nPort 5"],
  [
    "an Include in the middle of a block",
    "Host web1\n  Include included/*.conf\n  Port 1\nHost *\n  User outer",
  ],
  ["an Include in a block that does not hold", "Host nothing\n  Include included/*.conf\nHost db\n  Port 6"],
  ["carriage returns and form feeds", "Host web1\r\n  Port 33\f\r\n  User jo\r\n"],
])("ssh itself says the same of %s", async (_, text) => {
  await mkdir(join(folder.path, "included"), { recursive: true });
  await writeFile(join(folder.path, "included/one.conf"), INCLUDED, { mode: 0o600 });
  const placed = text.replaceAll("included/", `${folder.path}/included/`);
  for (const user of [null, "deploy"]) {
    const found = await Promise.all(
      (user === null ? HOSTS : ["web1", "db"]).map((host) => compare(placed, host, user)),
    );
    for (const { theirs, ours, broken } of found)
      expect({ said: ours, broken }).toEqual({ said: theirs, broken: [] });
  }
});

test.each([
  "Port\n",
  "Port 0",
  "Port x",
  "Port 22 23",
  "User",
  'User "jo',
  "Host",
  'Host ""',
  "Match",
  "Match host",
  "Match nothing x",
  "Match host x all y",
  "HostNmae x",
  "ProxyJump ,",
  "ProxyJump jo@",
  "ProxyJump a:99999",
  "ProxyJump ssh://a/path",
  "IdentitiesOnly maybe",
  "= x",
  "IdentityFile",
])("%j is refused by ssh, and named as broken here", async (text) => {
  const { theirs, broken } = await compare(text, "web1");
  expect({ theirs, count: broken.length }).toEqual({ theirs: null, count: 1 });
});

const pattern = fc.constantFrom(
  "web1",
  "web*",
  "*.corp",
  "web?",
  "!web1",
  "!*.corp",
  "*",
  "db",
  "10.0.0.*",
  "Web1",
  "*e*1*",
);
const list = fc.array(pattern, { minLength: 1, maxLength: 3 });
/** Without a lone `!final`: up to OpenSSH 10.0 it causes a second pass, too. */
const criterion = fc.oneof(
  list.map((patterns) => `host ${patterns.join(",")}`),
  list.map((patterns) => `!originalhost ${patterns.join(",")}`),
  fc.constantFrom(
    "user deploy,root",
    "!user deploy",
    `localuser ${username}`,
    "tagged blue",
    "final",
    "canonical",
  ),
);
const line = fc.oneof(
  { weight: 3, arbitrary: list.map((patterns) => `Host ${patterns.join(" ")}`) },
  {
    weight: 2,
    arbitrary: fc.array(criterion, { minLength: 1, maxLength: 3 }).map((all) => `Match ${all.join(" ")}`),
  },
  fc.constantFrom(
    "Match all",
    "Match final all",
    "# nothing",
    "",
    "Compression yes",
    "ServerAliveInterval 5",
  ),
  fc.constantFrom("HostName %h.corp", "HostName 10.0.0.5", "HostName Db", "hostname=web1.corp"),
  fc.constantFrom(
    "User deploy",
    "User root",
    'User "jo"',
    "Tag blue",
    "Port 22",
    "Port 2222",
    "HostKeyAlias Same",
  ),
  fc.constantFrom(
    "IdentityFile ~/.ssh/a",
    "IdentityFile %d/b",
    "IdentityFile none",
    "IdentitiesOnly yes",
    "IdentitiesOnly no",
  ),
  fc.constantFrom(
    "ProxyJump none",
    "ProxyJump hop1",
    "ProxyJump jo@hop1:99,hop2",
    "ProxyCommand none",
    "ProxyCommand nc %h %p",
  ),
);

test("ssh itself says the same of any configuration", async () => {
  const lines = fc.array(line, { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom(null, "deploy"), async (all, user) => {
      const found = await Promise.all(
        ["web1", "db", "web2.corp", "10.0.0.5"].map((host) => compare(all.join("\n"), host, user)),
      );
      for (const { theirs, ours, broken } of found)
        expect({ said: ours, broken }).toEqual({ said: theirs, broken: [] });
    }),
    { numRuns: Number(process.env.LATCHKEY_TEST_RUNS ?? 8) },
  );
});
