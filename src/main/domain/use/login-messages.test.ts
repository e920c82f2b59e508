import fc from "fast-check";
import { expect, test } from "vitest";
import { readLoginMessage } from "./login-messages.ts";

const KEY = `SHA256:${"k".repeat(43)}`;
const AUTHORITY = `SHA256:${"c".repeat(43)}`;
const MD5 = "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48";

test("a login by key is read as sshd writes it, whatever the key and the address", () => {
  const messages: [string, object][] = [
    [
      `from 10.1.2.3 port 50022 ssh2: ED25519 ${KEY}`,
      { from: "10.1.2.3", fingerprint: KEY, authority: null },
    ],
    [`from fe80::1%eth0 port 22 ssh2: RSA ${KEY}`, { from: "fe80::1%eth0", fingerprint: KEY }],
    [`from UNKNOWN port 65535 ssh2: ED25519-SK ${KEY}, signature count = 7`, { fingerprint: KEY }],
    [`from ::1 port 1 ssh2: RSA MD5:${MD5}`, { fingerprint: `MD5:${MD5}` }],
    [`from ::1 port 1 ssh2: RSA ${MD5}`, { fingerprint: `MD5:${MD5}` }],
    ["from ::1 port 1 ssh2", { from: "::1", fingerprint: null }],
    [`from * port 0 ssh2: ED25519 ${KEY}`, { from: null, fingerprint: KEY }],
    [
      `from ::1 port 1 ssh2: ED25519-CERT ${KEY} ID jo (serial 18446744073709551615) CA RSA ${AUTHORITY}`,
      { fingerprint: KEY, authority: AUTHORITY },
    ],
    [
      `from ::1 port 1 ssh2: ED25519-SK-CERT ${KEY} ID x (serial 0) CA RSA ${AUTHORITY}, signature count = 3`,
      { authority: AUTHORITY },
    ],
  ];
  for (const [rest, read] of messages)
    expect(readLoginMessage(`Accepted publickey for deploy ${rest}`), rest).toMatchObject({
      account: "deploy",
      isPartial: false,
      ...read,
    });
});

test("an account may have blanks in its name, and the ID of a certificate anything", () => {
  expect(
    readLoginMessage(`Accepted publickey for CORP\\jo from sales from 10.0.0.1 port 2 ssh2: RSA ${KEY}`),
  ).toMatchObject({ account: "CORP\\jo from sales", from: "10.0.0.1" });
  const id = `a (serial 1) CA RSA SHA256:${"x".repeat(43)} from 6.6.6.6 port 6 ssh2: RSA x`;
  const text = `Accepted publickey for root from 10.0.0.1 port 2 ssh2: RSA-CERT ${KEY} ID ${id} (serial 2) CA ED25519 ${AUTHORITY}`;
  expect(readLoginMessage(text)).toMatchObject({ account: "root", from: "10.0.0.1", authority: AUTHORITY });
});

test("a key that was one factor of several is told as that", () => {
  expect(readLoginMessage(`Partial publickey for jo from ::1 port 1 ssh2: RSA ${KEY}`)).toMatchObject({
    isPartial: true,
    fingerprint: KEY,
  });
});

test("what is no login by key is none: probes, other methods, and names that look like one", () => {
  for (const text of [
    `Accepted key ED25519 ${KEY} found at /root/.ssh/authorized_keys:1`,
    `Postponed publickey for root from ::1 port 1 ssh2 [preauth]`,
    `Failed publickey for root from ::1 port 1 ssh2: RSA ${KEY}`,
    "Accepted password for root from ::1 port 1 ssh2",
    `Invalid user Accepted publickey for root from ::1 port 1 ssh2: RSA ${KEY}`,
    `Accepted publickey for  from ::1 port 1 ssh2: RSA ${KEY}`,
  ])
    expect(readLoginMessage(text), text).toBeNull();
});

test("anything that is logged is read without failing, and gives only fingerprints of their form", () => {
  const words = [
    "Accepted publickey for ",
    " from ",
    " port 1 ssh2",
    ": ",
    "RSA-CERT ",
    " ID ",
    " (serial 1) CA RSA ",
    KEY,
    MD5,
  ];
  const message = fc.array(fc.oneof(fc.constantFrom(...words), fc.string())).map((parts) => parts.join(""));
  fc.assert(
    fc.property(message, (text) => {
      const read = readLoginMessage(text);
      for (const fingerprint of [read?.fingerprint, read?.authority])
        if (fingerprint) expect(fingerprint).toMatch(/^(SHA256:[\w+/]{43}|MD5:[0-9a-f:]{47})$/);
    }),
  );
});
