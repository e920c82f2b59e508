import { afterAll, beforeAll, expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

/** What a security key leaves on the host, as `ssh-keygen -t ed25519-sk` writes it: a handle, not a secret. */
function makeHandle(): string {
  const text = (value: string) => toField(Buffer.from(value));
  const type = text("sk-ssh-ed25519@openssh.com");
  const blob = Buffer.concat([type, toField(Buffer.alloc(32, 7)), text("ssh:")]);
  const secret = Buffer.concat([
    Buffer.alloc(8),
    blob,
    Buffer.from([1]),
    text("handle"),
    text(""),
    text("c"),
  ]);
  const padding = Buffer.from(Array.from({ length: -secret.length & 7 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    Buffer.from([0, 0, 0, 1]),
    toField(blob),
    toField(Buffer.concat([secret, padding])),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----`;
}

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
useradd --create-home --shell /bin/bash ann
mkdir /home/ann/.ssh; cd /home/ann/.ssh; umask 077
printf secret > /root/word; : > /root/none
ssh-keygen -q -t ed25519 -N '' -C ann -f openssh
ssh-keygen -q -t ed25519 -N secret -a 31 -Z aes256-gcm@openssh.com -C ann -f openssh-locked
ssh-keygen -q -t rsa -b 2048 -m PEM -N secret -C ann -f pkcs1-locked
openssl ecparam -name prime256v1 -genkey -noout -out sec1
openssl ec -in sec1 -aes128 -passout pass:secret -out sec1-locked 2>/dev/null
openssl genpkey -quiet -algorithm ed25519 -out pkcs8
openssl pkcs8 -topk8 -in pkcs8 -passout pass:secret -out pkcs8-locked
printf 'not a key\\n' > pkcs8-locked.pub
cp pkcs8-locked sibling-link; ln -s /etc/shadow sibling-link.pub
for version in 2 3; do
	puttygen openssh -O private --ppk-param version=$version -C 'Encryption: none' -o open-v$version.ppk
	puttygen openssh -O private --ppk-param version=$version --new-passphrase /root/word -o locked-v$version.ppk
done
rm openssh.pub openssh-locked.pub
cat > handle <<END
${makeHandle()}
END
chown -R ann: /home/ann
`;

let host: LabHost;
let collection: Collection;
beforeAll(async () => {
  host = await startHost({ name: "keys", prepare: PREPARE });
  const read = readCollection(await runCollector(host), { nonce: null });
  if (!read) throw new Error("the collector wrote nothing");
  collection = read;
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test("of every format it is told whether it is locked, how, and its public half where that stands in clear", () => {
  const told = collection.keyFiles
    .filter(({ path }) => path.startsWith("/home/ann/"))
    .map(({ path, format, isEncrypted, lock, blob, blobBeside }) => [
      path.replace("/home/ann/.ssh/", ""),
      format,
      isEncrypted,
      lock && [lock.cipher, lock.kdf, lock.rounds],
      blob && readKeyBlob(blob)?.keyType,
      blobBeside && readKeyBlob(blobBeside)?.keyType,
    ]);
  expect(told).toEqual([
    ["handle", "openssh", false, null, "sk-ssh-ed25519@openssh.com", null],
    ["locked-v2.ppk", "putty", true, ["aes256-cbc", null, null], "ssh-ed25519", null],
    ["locked-v3.ppk", "putty", true, ["aes256-cbc", "argon2id", expect.any(Number)], "ssh-ed25519", null],
    ["open-v2.ppk", "putty", false, null, "ssh-ed25519", null],
    ["open-v3.ppk", "putty", false, null, "ssh-ed25519", null],
    ["openssh", "openssh", false, null, "ssh-ed25519", null],
    ["openssh-locked", "openssh", true, ["aes256-gcm@openssh.com", "bcrypt", 31], "ssh-ed25519", null],
    ["pkcs1-locked", "pem", true, ["aes-128-cbc", "md5", null], null, "ssh-rsa"],
    ["pkcs8", "pkcs8", false, null, "ssh-ed25519", null],
    ["pkcs8-locked", "pkcs8", true, null, null, null],
    ["sec1", "pem", false, null, "ecdsa-sha2-nistp256", null],
    ["sec1-locked", "pem", true, ["aes-128-cbc", "md5", null], null, null],
    ["sibling-link", "pkcs8", true, null, null, null],
  ]);
});

test("PuTTY's and OpenSSH's file of one key give one public half", () => {
  const blobs = collection.keyFiles
    .filter(({ path }) => /\.ppk$|\/openssh$/.test(path))
    .map(({ blob }) => Buffer.from(blob ?? []).toString("base64"));
  expect(new Set(blobs).size).toBe(1);
});

test("the public key beside a locked one is its own here, and yet only called likely", async () => {
  const file = collection.keyFiles.find(({ path }) => path.endsWith("/pkcs1-locked"));
  const own = await host.run("ssh-keygen -y -P secret -f /home/ann/.ssh/pkcs1-locked");
  expect(Buffer.from(file?.blobBeside ?? []).toString("base64")).toBe(own.split(" ")[1]?.trim());
  expect(file?.whyNoKey).toBe("it is encrypted, and its format hides the public key as well");
});
