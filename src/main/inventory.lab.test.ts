import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeEndpoints } from "#testing/tls/make-endpoints.ts";
import { type Answer, readByOpenssl } from "#testing/tls/openssl.ts";

const run = promisify(execFile);

/** Certificate files that the fourth host is made with; the scan reads whatever else is there as well. */
const MADE = [
  "/etc/ssl/own.pem",
  "/etc/letsencrypt/live/shop.example/fullchain.pem",
  "/etc/nginx/certs/a.pem",
];

/**
 * A whole scan, against the tools that everybody trusts: what `access` and `certificates` list is what
 * stands in the files and what openssl sees on the wire. Five hosts, twenty endpoints, no difference allowed.
 */
test("access lists the lines on disk and certificates what openssl says, field by field", async () => {
  await using folder = await makeTemporaryFolder();
  const keys = await makeKeys(folder.path);
  await using stack = new AsyncDisposableStack();
  const hosts: LabHost[] = [];
  for (const [index, prepare] of PREPARATIONS.entries()) {
    hosts.push(stack.use(await startHost({ name: `host${index}`, prepare: prepare(keys) })));
  }
  const endpoints = stack.use(await makeEndpoints(join(folder.path, "endpoints"), 20));
  const workstation = { user: "root", home: folder.path, agentSocket: null };
  const type = openTerminal(join(folder.path, "data", "latchkey.db"), { workstation });

  const targets = [
    ...hosts.map(({ address }) => `root@${address}`),
    ...endpoints.list.map(({ host, port, serverName }) => `${host}:${port}/${serverName}`),
  ];
  const scan = await type("scan", ...targets, "--accept-new", "--identity", keys.identityFile, "--json");
  expect(JSON.parse(scan.out)).toMatchObject({
    state: "finished",
    probes: { ok: 25, failed: 0, partial: 0 },
    failures: [],
  });

  const access = JSON.parse((await type("access", "--json")).out);
  const onDisk = (await Promise.all(hosts.map(readGrants))).flat();
  expect(access.total).toBe(onDisk.length);
  expect(access.grants.map(pickGrant).sort(byText)).toEqual(onDisk.sort(byText));

  const { certificates } = JSON.parse((await type("certificates", "--json")).out) as Listed;
  const listed = certificates.flatMap(({ locations, ...certificate }) =>
    locations.map((location) => ({ place: formatLocation(location), ...pickFacts(certificate) })),
  );
  const onWire = await Promise.all(endpoints.list.map(askWire));
  const onHosts = await Promise.all(hosts.map((host) => askDisk(host, listed)));
  expect(listed.sort(byText)).toEqual([...onWire, ...onHosts].flat().sort(byText));
}, 180_000);

type Keys = { identityFile: string; publicKeys: string[] };

/** A login key and nine more of several types. */
async function makeKeys(folder: string): Promise<Keys> {
  const types = ["ed25519", "ed25519", "ecdsa", "rsa", "rsa", "ed25519", "ecdsa", "ed25519", "rsa"];
  await mkdir(join(folder, "keys"));
  const publicKeys: string[] = [];
  for (const [index, type] of types.entries()) {
    const file = join(folder, "keys", `key${index}`);
    const bits = type === "rsa" ? ["-b", index === 4 ? "1024" : "3072"] : [];
    await run("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-C", `person${index}@desk`, "-f", file]);
    publicKeys.push((await run("cat", [`${file}.pub`])).stdout.trim());
  }
  return { identityFile: join(folder, "keys", "key0"), publicKeys };
}

/** Writes a file for an account, whatever its bytes, with the owner and mode that sshd requires. */
const lay = (account: string, home: string, text: string, name = "authorized_keys") => `
install -d -m 700 -o ${account} -g $(id -gn ${account}) ${home}/.ssh
printf '%s' '${Buffer.from(text).toString("base64")}' | base64 -d > ${home}/.ssh/${name}
chown ${account} ${home}/.ssh/${name}
chmod 600 ${home}/.ssh/${name}`;

const user = (name: string) => `useradd --create-home --shell /bin/bash ${name}`;

const PREPARATIONS: ((keys: Keys) => string)[] = [
  // Plain: root and one user, comments and blank lines between.
  ({ publicKeys: k }) => `${user("deploy")}
${lay("root", "/root", `${k[0]}\n`)}
${lay("deploy", "/home/deploy", `# keys of deploy\n\n${k[1]}\n${k[2]}\n`)}`,
  // Options of every kind, no final newline, CRLF.
  ({ publicKeys: k }) => `${user("backup2")}
${lay("root", "/root", `${k[0]}\nfrom="10.0.0.0/8,!10.1.1.1" ${k[3]}\n`)}
${lay("backup2", "/home/backup2", `restrict,command="/usr/bin/rsync --server \\"x\\"" ${k[4]}\r\nno-pty,no-port-forwarding ${k[5]}`)}`,
  // Several accounts with the same key; a second file; lines that sshd ignores.
  ({ publicKeys: k }) => `${user("alice")}; ${user("bob")}
${lay("root", "/root", `${k[0]}\n`)}
${lay("alice", "/home/alice", `${k[6]}\nnot-an-option ${k[7]}\n`)}
${lay("bob", "/home/bob", `${k[6]}\n`)}
${lay("bob", "/home/bob", `\t ${k[7]} second file\n`, "authorized_keys2")}`,
  // Certificates on disk, where servers keep them, and a file name that is not ASCII.
  ({ publicKeys: k }) => `${user("web")}
${lay("root", "/root", `${k[0]}\n`)}
${lay("web", "/home/web", `environment="A=1" ${k[8]} web-h\u00e4st \u202e reversed\n`)}
mkdir -p /etc/ssl/private /etc/nginx/certs /etc/letsencrypt/live/shop.example
openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/ssl/private/own.key -out /etc/ssl/own.pem -days 30 -subj /CN=own.example -addext subjectAltName=DNS:own.example 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /etc/letsencrypt/live/shop.example/privkey.pem -out /etc/letsencrypt/live/shop.example/fullchain.pem -days 90 -subj /CN=shop.example 2>/dev/null
openssl req -x509 -newkey ed25519 -nodes -keyout /tmp/k -out /etc/nginx/certs/a.pem -days 9 -subj '/O=A, Inc./CN=a "quoted" name' 2>/dev/null
printf 'server { ssl_certificate /etc/nginx/certs/a.pem; ssl_certificate_key /tmp/k; }\\n' > /etc/nginx/conf.d/a.conf`,
  // Keys in a system folder, which sshd_config names.
  ({ publicKeys: k }) => `${user("carol")}; ${user("dave")}
mkdir -p /etc/ssh/keys
printf 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%%u\\n' > /etc/ssh/sshd_config.d/keys.conf
${lay("root", "/root", `${k[0]}\n`)}
${lay("carol", "/home/carol", `${k[1]}\n`)}
printf '%s\\n' '${k[2]}' '${k[3]}' > /etc/ssh/keys/dave`,
];

type Grant = { host: string; account: string; file: string; line: number; options: string; comment: string };
type ListedGrant = Grant & { keyType: string; fingerprint: string };

const pickGrant = (grant: ListedGrant): ListedGrant => {
  const { host, account, file, line, keyType, fingerprint, comment, options } = grant;
  return { host, account, file, line, keyType, fingerprint, comment, options };
};

/** Every line of every authorized_keys file of a host, by sh, awk and ssh-keygen alone. */
async function readGrants({ address, run: inside }: LabHost): Promise<ListedGrant[]> {
  const listing = await inside(`
    getent passwd | while IFS=: read -r name _ _ _ _ home _; do
      for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2" "/etc/ssh/keys/$name"; do
        if [ -f "$file" ]; then printf '%s %s %s\\n' "$name" "$file" "$(base64 -w0 "$file")"; fi
      done
    done; true`);
  const files = listing
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const grants = files.map(async ([account = "", file = "", base64 = ""]) => {
    const lines = Buffer.from(base64, "base64").toString("utf8").split("\n");
    return Promise.all(
      lines.map(async (text, index) => {
        const match =
          /^\s*(?:(.*?)[ \t]+)??((?:ssh|ecdsa)-[a-z0-9-]+) +([A-Za-z0-9+/=]+)[ \t]*(.*?)\r?$/.exec(text);
        if (!match || text.trim().startsWith("#")) return [];
        const [, options = "", keyType = "", blob = "", comment = ""] = match;
        const fingerprint = await askSshKeygen(`${keyType} ${blob}`);
        return [{ host: address, account, file, line: index + 1, keyType, fingerprint, comment, options }];
      }),
    );
  });
  return (await Promise.all(grants)).flat(2);
}

async function askSshKeygen(key: string): Promise<string> {
  const child = run("ssh-keygen", ["-lf", "-"]);
  child.child.stdin?.end(`${key}\n`);
  return (await child).stdout.split(" ")[1] ?? "";
}

type Place = { kind: "endpoint" | "file"; host: string; port?: number; serverName?: string; path?: string };
type Facts = Omit<Answer, "keyBits">;
type Seen = Facts & { place: string };
type Listed = { certificates: (Facts & { locations: Place[] })[] };

const formatLocation = ({ kind, host, port, serverName, path }: Place): string =>
  kind === "endpoint" ? `${host}:${port}/${serverName}` : `${host} ${path}`;

const pickFacts = (facts: Facts): Facts => {
  const { sha256, subject, issuer, serial, notBefore, notAfter, signature } = facts;
  const names = facts.names.map((name) => name.replace("IP Address:", "IP:"));
  return { sha256, subject, issuer, serial, notBefore, notAfter, names, signature };
};

/** The chain that an endpoint serves, and each of its certificates, as openssl prints them. */
async function askWire(endpoint: { host: string; port: number; serverName: string }): Promise<Seen[]> {
  const { host, port, serverName } = endpoint;
  const ask = ["s_client", "-connect", `${host}:${port}`, "-servername", serverName, "-showcerts"];
  const child = run("openssl", [...ask, "-cipher", "DEFAULT:@SECLEVEL=0"]);
  child.child.stdin?.end();
  const { stdout } = await child.catch((error: { stdout: string }) => error);
  return readAll(stdout, `${host}:${port}/${serverName}`);
}

/** The certificate files that were listed for a host, read there by openssl; and none of ours is missing. */
async function askDisk(host: LabHost, listed: readonly Seen[]): Promise<Seen[]> {
  const found = await host.run(`for file in ${MADE.join(" ")}; do [ -f $file ] && echo $file; done; true`);
  const mine = listed.filter(({ place }) => place.startsWith(`${host.address} `));
  const paths = new Set([
    ...mine.map(({ place }) => place.slice(host.address.length + 1)),
    ...found.split("\n").filter(Boolean),
  ]);
  const files = [...paths].map(async (path) =>
    readAll(await host.run(`cat '${path}'`), `${host.address} ${path}`),
  );
  return (await Promise.all(files)).flat();
}

async function readAll(text: string, place: string): Promise<Seen[]> {
  const pems = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g);
  const seen = [...pems].map(async ([, base64 = ""]) => {
    const answer = await readByOpenssl(Buffer.from(base64, "base64"));
    if (!answer) throw new Error(`openssl cannot read a certificate of ${place}`);
    return { place, ...pickFacts(answer) };
  });
  return Promise.all(seen);
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
