import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

/** Private keys of every format, in ~/.ssh and beside certificates, and traps that would pull them along. */
const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
useradd --create-home --shell /bin/bash alice
useradd --create-home --shell /bin/bash mallory
usermod -p '$6$canarysalt$CANARYHASHCANARYHASHCANARYHASHCANARYHASHCANARYHASHCANARYHASH' alice
umask 077
mkdir /secrets /home/alice/.ssh /home/mallory/.ssh /root/.ssh
cd /secrets
ssh-keygen -q -C '' -t ed25519 -N '' -f ssh-ed25519; ssh-keygen -q -C '' -t ed25519 -N secret -f ssh-ed25519-locked
ssh-keygen -q -C '' -t rsa -b 2048 -N '' -f ssh-rsa; ssh-keygen -q -C '' -t ecdsa -N '' -f ssh-ecdsa
ssh-keygen -q -C '' -t ecdsa -b 521 -N secret -f ssh-ecdsa-locked
ssh-keygen -q -C '' -t rsa -b 2048 -m PEM -N '' -f pem-rsa; ssh-keygen -q -C '' -t rsa -b 2048 -m PEM -N secret -f pem-rsa-locked
ssh-keygen -q -C '' -t ecdsa -m PEM -N '' -f pem-ecdsa
ssh-keygen -q -C '' -t rsa -b 2048 -m PKCS8 -N '' -f pkcs8-rsa; ssh-keygen -q -C '' -t rsa -b 2048 -m PKCS8 -N secret -f pkcs8-rsa-locked
openssl genpkey -quiet -algorithm ed25519 -out pkcs8-ed25519
rm *.pub
cp * /home/alice/.ssh/
chmod 644 /home/alice/.ssh/pem-ecdsa
chown -R alice: /home/alice/.ssh; chmod 711 /home/alice

mkdir -p /etc/ssl/site; cd /etc/ssl/site; chmod 755 .
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=combined -keyout key.pem -out cert.pem 2>/dev/null
cat key.pem cert.pem > combined.pem
openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out pkcs8.der
openssl pkcs8 -topk8 -in key.pem -outform DER -passout pass:x -out pkcs8-locked.der
openssl rsa -in key.pem -traditional -outform DER -out pkcs1.der 2>/dev/null
openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -outform DER -out ec.der
openssl pkcs8 -topk8 -nocrypt -in ec.der -outform DER -out ec-pkcs8.der
openssl genpkey -quiet -algorithm ed448 -outform DER -out ed448.der
openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass:x -out both.p12
openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass:x -keypbe NONE -certpbe NONE -out open.p12
openssl x509 -in cert.pem -outform DER -out with-key-behind.der; cat pkcs1.der >> with-key-behind.der
block() { echo "-----BEGIN CERTIFICATE-----"; base64 "$1"; echo "-----END CERTIFICATE-----"; }
block pkcs8.der > mislabelled-pkcs8.pem; block pkcs1.der > mislabelled-pkcs1.pem
block with-key-behind.der > key-behind-certificate.pem
{ echo "-----BEGIN CERTIFICATE-----"; grep -v -e ----- key.pem; } > never-ends.pem
{ echo "-----BEGIN CERTIFICATE-----"; sed 1d key.pem; } > wrong-label.pem
cp key.pem /secrets/tls-key; cp pkcs1.der /secrets/tls-der; cp ec.der /secrets/ec-der
base64 -w0 key.pem > key.b64; mkdir -p /root/.kube; umask 022
printf 'users:\\n- name: a\\n  user:\\n    client-certificate-data: %s\\n    client-key-data: %s\\n' \
  "$(base64 -w0 cert.pem)" "$(cat key.b64)" > /root/.kube/config
printf 'kind: Secret\\ndata:\\n  tls.key: %s\\n  ca.crt: %s\\n' "$(cat key.b64)" "$(cat key.b64)" > secret.yaml
{ printf 'kind: Secret\\nstringData:\\n  tls.crt: |\\n'; sed 's/^/    /' key.pem; } > clear.yaml
rm key.b64; umask 077

# An OpenSSH key whose public part claims to reach to the end of the private one.
base64 -d > /root/raw <<END
$(grep -v -e ----- /secrets/ssh-ed25519)
END
{ head -c 39 /root/raw; printf '\\0\\0\\0\\277'; tail -c +44 /root/raw; } > /root/forged
[ "$(wc -c < /root/forged)" = 234 ]
{ echo "-----BEGIN OPENSSH PRIVATE KEY-----"; base64 /root/forged; echo "-----END OPENSSH PRIVATE KEY-----"; } > /home/alice/.ssh/forged
rm /root/raw /root/forged; chown alice: /home/alice/.ssh/forged

# What mallory links to, the collector must not fetch for her, though it runs as root.
ln -s /etc/shadow /home/mallory/.ssh/authorized_keys
ln -s /home/alice/.ssh/ssh-rsa /home/mallory/.ssh/authorized_keys2
mkdir -m 700 /root/closed; echo "words of root" > /root/closed/notes; chmod 644 /root/closed/notes
ln -s /root/closed/notes /home/mallory/.ssh/known_hosts
chown -h mallory: /home/mallory/.ssh /home/mallory/.ssh/*
ln -s /etc/shadow /root/.ssh/authorized_keys
cat /secrets/ssh-ed25519 > /root/.ssh/authorized_keys2
mkdir -p /etc/ssh/sshd_config.d; cp /secrets/pem-rsa /etc/ssh/sshd_config.d/50-mistake.conf
sed -i '1i # pasted by mistake' /etc/ssh/sshd_config.d/50-mistake.conf
`;

let host: LabHost;
let stream: Buffer;
beforeAll(async () => {
  // sshd would refuse to start with the mistake in its configuration, so the file gets its name afterwards.
  host = await startHost({ name: "secrets", prepare: PREPARE.replaceAll("50-mistake.conf", "50-mistake") });
  await host.run("mv /etc/ssh/sshd_config.d/50-mistake /etc/ssh/sshd_config.d/50-mistake.conf");
  stream = await runCollector(host, { args: ["--nonce", "n"] });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Everything that a reader could get out of the stream: its text, and every run of base64 and hex decoded. */
function haystack(): Buffer {
  const text = stream.toString("latin1");
  const joined = text.replace(/(?<=[A-Za-z0-9+/=]{60,})\n(?=[A-Za-z0-9+/=]+\n)/g, "");
  const base64 = [...joined.matchAll(/[A-Za-z0-9+/]{16,}/g)].map(([run]) => Buffer.from(run, "base64"));
  const hex = [...text.replace(/\n/g, "").matchAll(/(?:[0-9a-f]{2}){16,}/g)].map(([run]) =>
    Buffer.from(run, "hex"),
  );
  return Buffer.concat([stream, ...base64, ...hex]);
}

/** A part of a private key that holds secret bytes alone; in other parts the formats repeat the public key. */
function secretOf(name: string, body: Buffer): Buffer {
  if (name === "pem-ecdsa" || name === "ec-der") return body.subarray(7, 39);
  if (name === "ssh-ed25519") {
    const seedEnd = body.lastIndexOf(body.subarray(62, 94));
    return body.subarray(seedEnd - 32, seedEnd);
  }
  if (name === "ssh-ecdsa") return body.subarray(-40);
  return name === "pkcs8-ed25519" ? body.subarray(-32) : body.subarray(-Math.floor(body.length / 3));
}

const bodyOf = (pem: string): Buffer =>
  Buffer.from(pem.replace(/-----[^-]*-----|^[\w-]+: .*$/gm, "").replace(/\s+/g, ""), "base64");

test("no byte of a private key leaves the host, in whatever form", async () => {
  const hay = haystack();
  const names = await readdir(`${host.root}/secrets`);
  expect(names).toHaveLength(14);
  for (const name of names) {
    const file = await readFile(`${host.root}/secrets/${name}`);
    const secret = secretOf(name, name.endsWith("der") ? file : bodyOf(file.toString("latin1")));
    for (let at = 0; at + 8 <= secret.length; at += 1) {
      const window = secret.subarray(at, at + 8);
      if (isPublicFiller(window)) continue;
      expect({ name, at, found: hay.includes(window) }).toEqual({ name, at, found: false });
    }
    // DER has line ends only by chance, so a line may be a single byte.
    const lines = name.endsWith("der") ? [] : file.toString("latin1").split("\n").slice(-6, -2);
    for (const line of lines) {
      expect({ name, line, found: hay.includes(line) }).toEqual({ name, line, found: false });
    }
  }
});

const isPublicFiller = (window: Buffer): boolean => new Set(window).size < 4;

test("no password hash leaves the host, and nothing else through a link that root alone could follow", () => {
  const hay = haystack();
  expect(["canarysalt", "CANARYHASH", "$6$", "words of root"].filter((words) => hay.includes(words))).toEqual(
    [],
  );
  const collection = readCollection(stream, { nonce: "n" });
  const told = collection?.authorizedKeys.map(({ path, bytes, whyUnreadable }) => ({
    path,
    bytes,
    whyUnreadable,
  }));
  const cannot = "the account itself may not read it, so sshd would not either";
  const secret = "it holds or leads to a secret, so it was not taken";
  expect(told).toEqual([
    { path: "/root/.ssh/authorized_keys", bytes: null, whyUnreadable: secret },
    { path: "/root/.ssh/authorized_keys2", bytes: null, whyUnreadable: secret },
    { path: "/home/mallory/.ssh/authorized_keys", bytes: null, whyUnreadable: secret },
    { path: "/home/mallory/.ssh/authorized_keys2", bytes: null, whyUnreadable: cannot },
  ]);
  expect(collection?.unreadable).toContainEqual({
    kind: "sshd-config",
    path: "/etc/ssh/sshd_config.d/50-mistake.conf",
    why: secret,
  });
});

test("of each private key its format, its lock and its public half are told", async () => {
  const collection = readCollection(stream, { nonce: "n" });
  const seen = collection?.keyFiles.filter(({ path }) => path.startsWith("/home/alice/.ssh/"));
  const facts = seen?.map(({ path, format, isEncrypted, blob, whyNoKey }) => [
    path.replace("/home/alice/.ssh/", ""),
    format,
    isEncrypted,
    blob ? "public half" : whyNoKey,
  ]);
  const hidden = "it is encrypted, and its format hides the public key as well";
  expect(facts).toEqual([
    ["forged", "openssh", false, "it is damaged or not a private key"],
    ["pem-ecdsa", "pem", false, "public half"],
    ["pem-rsa", "pem", false, "public half"],
    ["pem-rsa-locked", "pem", true, hidden],
    ["pkcs8-ed25519", "pkcs8", false, "public half"],
    ["pkcs8-rsa", "pkcs8", false, "public half"],
    ["pkcs8-rsa-locked", "pkcs8", true, hidden],
    ["ssh-ecdsa", "openssh", false, "public half"],
    ["ssh-ecdsa-locked", "openssh", true, "public half"],
    ["ssh-ed25519", "openssh", false, "public half"],
    ["ssh-ed25519-locked", "openssh", true, "public half"],
    ["ssh-rsa", "openssh", false, "public half"],
  ]);
  for (const { path, blob } of seen ?? []) {
    if (!blob) continue;
    const own = await host.run(
      `ssh-keygen -y -P secret -f ${path} 2>/dev/null || cat ${path} | ssh-keygen -y -P '' -f /dev/stdin`,
    );
    expect({ path, key: Buffer.from(blob).toString("base64") }).toEqual({ path, key: own.split(/\s/)[1] });
  }
  const [, open] = seen ?? [];
  expect(open?.entry).toMatchObject({ type: "file", mode: 0o644 });
});

test("a file with key and certificate gives its certificate and, as a key file, its public half", () => {
  const collection = readCollection(stream, { nonce: "n" });
  const files = collection?.certificateFiles.map(({ path, ders, malformed }) => [
    path.replace("/etc/ssl/site/", ""),
    ders.length,
    malformed,
  ]);
  expect(files).toEqual([
    ["cert.pem", 1, []],
    ["combined.pem", 1, []],
    ["key-behind-certificate.pem", 1, ["certificate 1: bytes follow it that do not belong to it"]],
    ["mislabelled-pkcs1.pem", 0, ["certificate 1: it is no certificate, in spite of its label"]],
    ["mislabelled-pkcs8.pem", 0, ["certificate 1: it is no certificate, in spite of its label"]],
    ["never-ends.pem", 0, ["certificate 1: it ends before its own length says"]],
    ["with-key-behind.der", 1, ["certificate 1: bytes follow it that do not belong to it"]],
    ["wrong-label.pem", 0, ["certificate 1: it is no certificate, in spite of its label"]],
    ["/root/.kube/config", 1, []],
  ]);
  const ders = collection?.certificateFiles.flatMap((file) =>
    file.ders.map((der) => Buffer.from(der).toString("hex")),
  );
  expect(new Set(ders).size).toBe(1);
});

test("a private key beside certificates is told by its public half, in whatever it is wrapped", async () => {
  const collection = readCollection(stream, { nonce: "n" });
  const seen = collection?.keyFiles.filter(({ path }) => /^\/(etc\/ssl|root\/[.]kube)\//.test(path)) ?? [];
  const facts = seen.map(({ path, format, isEncrypted, spki }) => [
    path.replace("/etc/ssl/site/", ""),
    format,
    isEncrypted,
    spki && Buffer.from(spki).toString("base64"),
  ]);
  const publicHalf = (file: string) =>
    host.run(`openssl pkey -in /etc/ssl/site/${file} -pubout -outform DER | base64 -w0`);
  const [own, ec, ed448] = await Promise.all(["key.pem", "ec.der", "ed448.der"].map(publicHalf));
  expect(facts.toSorted()).toEqual([
    ["/root/.kube/config", "pkcs8", false, own],
    ["clear.yaml", "pkcs8", false, own],
    ["combined.pem", "pkcs8", false, own],
    ["ec-pkcs8.der", "pkcs8", false, ec],
    ["ec.der", "pem", false, ec],
    ["ed448.der", "pkcs8", false, ed448],
    ["key.pem", "pkcs8", false, own],
    ["pkcs1.der", "pem", false, own],
    ["pkcs8-locked.der", "pkcs8", true, null],
    ["pkcs8.der", "pkcs8", false, own],
    ["secret.yaml", "pkcs8", false, own],
  ]);
});
