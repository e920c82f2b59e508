import { expect, test } from "vitest";
import type { KeyFile } from "#domain/collection/collection.ts";
import { evaluateGrants } from "./effective.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { findSshProblems } from "./ssh-findings.ts";
import { makeAccount, makeCollection, makeKeysFile } from "./testdata/make-collection.ts";
import { SAMPLE_KEYS } from "./testdata/sample-keys.ts";

const { ed25519, rsa, rsa1024, dsa, securityKey } = SAMPLE_KEYS;
const blobOf = (line: string) => readPublicKeyLine(line)?.key.blob ?? null;

function find(more: Parameters<typeof makeCollection>[0]) {
  const collection = makeCollection(more);
  return findSshProblems(collection, evaluateGrants(collection));
}

function keyFile(path: string, more: Partial<KeyFile> & { mode?: number } = {}): KeyFile {
  const { mode = 0o600, ...rest } = more;
  const entry = { path, type: "file", mode, uid: 1_000, gid: 1_000, hasAcl: false } as const;
  return {
    path,
    entry,
    format: "openssh",
    isEncrypted: false,
    blob: blobOf(ed25519),
    lock: null,
    signature: null,
    blobBeside: null,
    whyNoKey: null,
    spki: null,
    ...rest,
  };
}

test("grants for root, obsolete keys and weak keys are found, modern keys are not", () => {
  const alice = makeAccount("alice");
  const root = makeAccount("root", { uid: 0, gid: 0, home: "/root" });
  const authorizedKeys = [
    makeKeysFile(
      alice,
      [ed25519, rsa, rsa1024, dsa, "1024 35 147638126381726381726387618273618273612 old"].join("\n"),
    ),
    makeKeysFile(root, `${ed25519} admin\nbad-option ${rsa} me\n`),
  ];
  expect(find({ accounts: [alice, root], authorizedKeys })).toMatchInlineSnapshot(`
    [
      {
        "about": {
          "account": "alice",
          "file": "/home/alice/.ssh/authorized_keys",
          "kind": "grant",
          "line": 3,
        },
        "evidence": [
          "/home/alice/.ssh/authorized_keys:3",
          "1024 bits",
        ],
        "label": "SHA256:i9Pk07zsydb/XIl2goL3i9ALFcVlxYoSXNoDBqRWScc",
        "remedy": "replace it by an Ed25519 key, or an RSA key of 3072 bits or more, and remove the line",
        "rule": "key-weak",
        "sentence": "this RSA key has 1024 bits; fewer than 2048 are within reach of an attacker",
        "severity": "high",
      },
      {
        "about": {
          "account": "alice",
          "file": "/home/alice/.ssh/authorized_keys",
          "kind": "grant",
          "line": 4,
        },
        "evidence": [
          "/home/alice/.ssh/authorized_keys:4",
          "sshd OpenSSH_10.0p2 has no ssh-dss any more",
        ],
        "label": "SHA256:94juErCLsddaE4RHpnZzB/e7Q3RsrOG4XsHz1gL5iP8",
        "remedy": "replace it by an Ed25519 key and remove the line",
        "rule": "key-obsolete",
        "sentence": "this key is DSA with 1024 bits, which OpenSSH has removed",
        "severity": "low",
      },
      {
        "about": {
          "account": "alice",
          "file": "/home/alice/.ssh/authorized_keys",
          "kind": "grant",
          "line": 5,
        },
        "evidence": [
          "/home/alice/.ssh/authorized_keys:5",
          "this is a key of SSH protocol 1, which no sshd takes any more",
        ],
        "label": "/home/alice/.ssh/authorized_keys:5",
        "remedy": "replace it by an Ed25519 key and remove the line",
        "rule": "key-obsolete",
        "sentence": "this key is of SSH protocol 1, which nothing takes any more",
        "severity": "low",
      },
      {
        "about": {
          "account": "root",
          "file": "/root/.ssh/authorized_keys",
          "kind": "grant",
          "line": 1,
        },
        "evidence": [
          "/root/.ssh/authorized_keys:1",
          "uid 0",
          "nothing that sshd consults refuses it",
        ],
        "label": "SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE admin",
        "remedy": "give the key to an account of its own and let that one use sudo; or bind the line by from= and command=",
        "rule": "grant-for-root",
        "sentence": "this key logs in as root, which has all rights",
        "severity": "medium",
      },
    ]
  `);
});

test("private keys without a passphrase or open to others are found; handles of security keys and host keys are not", () => {
  const keyFiles = [
    keyFile("/home/alice/.ssh/id_good", { isEncrypted: true }),
    keyFile("/home/alice/.ssh/id plain"),
    keyFile("/home/alice/.ssh/id_open", { isEncrypted: true, mode: 0o640 }),
    keyFile("/home/alice/.ssh/id_wide", { mode: 0o644 }),
    keyFile("/home/alice/.ssh/id_sk", { blob: blobOf(securityKey), mode: 0o644 }),
    keyFile("/home/alice/.ssh/id_unknown", { isEncrypted: null, blob: null }),
    keyFile("/etc/ssh/ssh_host_ed25519_key", { blob: blobOf(rsa), mode: 0o640 }),
    keyFile("/srv/sshd/key", { blob: blobOf(rsa1024) }),
  ];
  const hostKeys = [{ path: "/srv/sshd/key.pub", blob: blobOf(rsa1024) ?? new Uint8Array() }];
  const found = find({ accounts: [makeAccount("alice")], keyFiles, hostKeys });
  expect(
    found.map(({ rule, severity, label, evidence, remedy }) => ({ rule, severity, label, evidence, remedy })),
  ).toMatchInlineSnapshot(`
    [
      {
        "evidence": [
          "/home/alice/.ssh/id plain",
          "owned by alice",
          "mode 0600",
        ],
        "label": "/home/alice/.ssh/id plain",
        "remedy": "set a passphrase by ssh-keygen -p -f '/home/alice/.ssh/id plain' as its owner; for a machine's key, bind its grants by from= and command=",
        "rule": "key-file-without-passphrase",
        "severity": "medium",
      },
      {
        "evidence": [
          "/home/alice/.ssh/id_open",
          "mode 0640",
          "gid 1000",
        ],
        "label": "/home/alice/.ssh/id_open",
        "remedy": "chmod 600 /home/alice/.ssh/id_open as its owner, and replace the key: it may have been copied",
        "rule": "key-file-readable-by-others",
        "severity": "high",
      },
      {
        "evidence": [
          "/home/alice/.ssh/id_wide",
          "owned by alice",
          "mode 0644",
        ],
        "label": "/home/alice/.ssh/id_wide",
        "remedy": "set a passphrase by ssh-keygen -p -f /home/alice/.ssh/id_wide as its owner; for a machine's key, bind its grants by from= and command=",
        "rule": "key-file-without-passphrase",
        "severity": "medium",
      },
      {
        "evidence": [
          "/home/alice/.ssh/id_wide",
          "mode 0644",
          "gid 1000",
        ],
        "label": "/home/alice/.ssh/id_wide",
        "remedy": "chmod 600 /home/alice/.ssh/id_wide as its owner, and replace the key: it may have been copied",
        "rule": "key-file-readable-by-others",
        "severity": "critical",
      },
    ]
  `);
});

test("a server's own key needs no passphrase, and a group may share it; everybody may not", () => {
  const key = (name: string, more: Parameters<typeof keyFile>[1]) =>
    keyFile(`/etc/ssl/private/${name}`, { format: "pem", ...more });
  const keyFiles = [
    key("shared.key", { mode: 0o640 }),
    key("open.key", { mode: 0o644 }),
    key("id_deploy", { format: "openssh" }),
  ];
  expect(find({ keyFiles }).map(({ rule, label }) => `${rule} ${label}`)).toEqual([
    "key-file-readable-by-others /etc/ssl/private/open.key",
    "key-file-without-passphrase /etc/ssl/private/id_deploy",
  ]);
  const named = keyFile("/srv/tls/site.key", { format: "pem" });
  const { path, entry } = named;
  expect(find({ keyFiles: [named] })).toMatchObject([{ rule: "key-file-without-passphrase" }]);
  const diskFiles = new Map([[path, { path, entry, realPath: path, writtenAt: null }]]);
  expect(find({ keyFiles: [named], diskFiles })).toEqual([]);
});

test("of an authority it is said that certificates log in, not its key", () => {
  const root = makeAccount("root", { uid: 0, gid: 0, home: "/root" });
  const authorizedKeys = [makeKeysFile(root, `cert-authority,principals="ops" ${ed25519}`)];
  expect(find({ accounts: [root], authorizedKeys })).toMatchObject([
    { sentence: "whoever has a certificate of this authority logs in as root, which has all rights" },
  ]);
});
