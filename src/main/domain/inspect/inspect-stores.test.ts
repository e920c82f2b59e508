import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Inspection } from "#shared/contract/inspect.ts";
import { inspectBytes } from "./inspect-bytes.ts";

const file = (name: string) => readFileSync(join(import.meta.dirname, "../keystores/testdata", name));
const text = (name: string) => file(name).toString("latin1");
const inspect = (name: string, bytes: Uint8Array | string, passwords?: string[]) => {
  const trial = passwords ? { passwords, triesDefaults: true } : null;
  return Inspection.parse(inspectBytes(name, typeof bytes === "string" ? Buffer.from(bytes) : bytes, trial));
};
const subjects = ({ items }: Inspection) =>
  items.flatMap((item) => (item.what === "certificate" ? [item.subject] : []));
const CHAIN = ["CN=app.example", "CN=Test CA"];

test("a store that is locked is a state, and its password shows what is in it", () => {
  const shut = inspect("aes.p12", file("aes.p12"));
  expect(shut).toMatchObject({
    kind: "keystore",
    items: [],
    wantsPassword: "to-open",
    isWrongPassword: false,
  });
  expect(shut.stores).toMatchObject([{ format: "PKCS#12", state: "locked", why: "it needs its password" }]);

  const wrong = inspect("aes.p12", file("aes.p12"), ["not it"]);
  expect(wrong).toMatchObject({ wantsPassword: "to-open", isWrongPassword: true });
  expect(wrong.stores).toMatchObject([{ state: "locked", isWrongPassword: true }]);

  const opened = inspect("aes.p12", file("aes.p12"), ["not it", "latchkey"]);
  expect(subjects(opened)).toEqual(CHAIN);
  expect(opened).toMatchObject({ wantsPassword: null, isWrongPassword: false, malformed: [] });
  expect(opened.stores).toMatchObject([
    { state: "open", integrity: "checked", holdsSecrets: true, defaultPassword: null },
  ]);
  expect(opened.items).toMatchObject([{ entry: { store: 0, entry: 0 } }, { entry: { store: 0, entry: 0 } }]);
});

test("a store that opens with a password that everybody knows says which, typed or not", () => {
  for (const passwords of [[], ["changeit"]])
    expect(inspect("c.p12", file("changeit.p12"), passwords).stores).toMatchObject([
      { defaultPassword: "changeit" },
    ]);
  expect(inspect("e.p12", file("empty.p12"), []).stores).toMatchObject([{ defaultPassword: "" }]);
  expect(inspect("t.p12", file("trust.p12"), []).stores).toMatchObject([
    { defaultPassword: "changeit", holdsSecrets: false, entries: [{ alias: "ca", what: "certificate" }] },
  ]);
  // No password is tried unless the caller allows it.
  expect(inspect("c.p12", file("changeit.p12")).stores).toMatchObject([
    { state: "locked", defaultPassword: null },
  ]);
});

test("what a store of Java shows without its password is shown, and only to check it a password is of use", () => {
  const shut = inspect("java.jceks", file("java.jceks"), []);
  expect(subjects(shut).sort()).toEqual([...CHAIN, "CN=Test CA"].sort());
  expect(shut).toMatchObject({ kind: "keystore", wantsPassword: "to-check", malformed: [] });
  expect(inspect("java.jceks", file("java.jceks"), ["latchkey"])).toMatchObject({
    wantsPassword: null,
    stores: [{ integrity: "checked", state: "partly-locked" }],
  });
});

const KEYS = ["leaf-pbes2.key", "leaf-scrypt.key", "leaf-3des.key", "leaf-old.key"];

test.for(KEYS)("the passphrase of %s shows which key it is, and a wrong one does not", (name) => {
  const open = inspect("leaf.key", file("leaf.key"));
  const locked = inspect(name, file(name), ["no"]);
  expect(locked.items).toMatchObject([{ what: "private-key", isEncrypted: true, spkiSha256: null }]);
  expect(locked).toMatchObject({ wantsPassword: "to-open", isWrongPassword: true });
  const [plain, unlocked] = [open.items[0], inspect(name, file(name), ["latchkey"]).items[0]];
  expect(unlocked).toEqual({ ...plain, isEncrypted: true });
});

test("a key that does not fit the certificate beside it is named; one that does is not", () => {
  expect(inspect("pair.pem", text("leaf.pem") + text("leaf.key")).malformed).toEqual([]);
  const other = inspect("pair.pem", text("leaf.pem") + text("leaf-pbes2.key"), ["latchkey"]);
  expect(other).toMatchObject({ kind: "certificates", malformed: [] });
  const stray =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBERERERERERERERERERERERERERERERERERERERERER\n-----END PRIVATE KEY-----\n";
  expect(inspect("pair.pem", text("leaf.pem") + stray).malformed).toEqual([
    "the private key fits none of the certificates that stand beside it",
  ]);
});

test("a certificate that is in the file twice is listed twice, and a broken one takes none with it", () => {
  const twice = text("leaf.pem") + text("leaf.pem");
  expect(subjects(inspect("twice.pem", twice))).toEqual(["CN=app.example", "CN=app.example"]);
  const broken = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
  const { malformed, ...rest } = inspect("broken.pem", text("leaf.pem") + broken + text("ca.pem"));
  expect(subjects(rest as Inspection)).toEqual(CHAIN);
  expect(malformed).toEqual([
    expect.stringMatching(/^certificate 2 is not an X.509 certificate \(its SHA-256 is [0-9a-f]{64}\)$/),
  ]);
});

test("a bag of certificates is read from DER, from PEM and from bare base64", () => {
  const base64 = file("bag.p7b").toString("base64");
  const lines = base64.match(/.{1,64}/g)?.join("\n");
  const forms = [file("bag.p7b"), `-----BEGIN PKCS7-----\n${lines}\n-----END PKCS7-----\n`, `${lines}\r\n`];
  for (const form of forms) {
    const found = inspect("bag.p7b", form);
    expect(subjects(found)).toEqual(CHAIN);
    expect(found).toMatchObject({
      kind: "certificates",
      stores: [{ format: "PKCS#7" }],
      wantsPassword: null,
    });
  }
});

const base64Of = (bytes: Buffer) => bytes.toString("base64");

test("a kubeconfig shows the certificates in it, and names what is in files of its own", () => {
  const config = `apiVersion: v1
kind: Config
clusters:
- name: prod
  cluster: { server: "https://10.0.0.1:6443", certificate-authority-data: ${base64Of(file("ca.pem"))} }
users:
- name: admin
  user:
    client-certificate-data: ${base64Of(file("leaf.pem"))}
    client-key-data: ${base64Of(file("leaf.key"))}
- name: other
  user: { client-certificate: /home/jo/other.crt, token: canary }
`;
  const found = inspect("config", config);
  expect(found).toMatchObject({
    kind: "kubeconfig",
    items: [
      { what: "certificate", subject: "CN=Test CA", location: "certificate-authority-data of cluster prod" },
      { what: "certificate", subject: "CN=app.example", location: "client-certificate-data of user admin" },
      { what: "private-key", location: "client-key-data of user admin", isEncrypted: false },
    ],
    malformed: [
      "client-certificate of user other is in a file of its own, /home/jo/other.crt: inspect that, too",
    ],
  });
  expect(JSON.stringify(found)).not.toContain("canary");
});

test("Secrets show certificates and keystores, whatever else they keep", () => {
  const secrets = `kind: List
items:
- kind: Secret
  metadata: { namespace: shop, name: shop-tls }
  data: { tls.crt: ${base64Of(file("leaf.pem"))}, tls.key: ${base64Of(file("leaf.key"))}, ca.crt: "%%" }
---
kind: Secret
metadata: { name: kafka }
data: { keystore.jks: ${base64Of(file("java.jks"))}, password: ${base64Of(Buffer.from("canary"))} }
---
kind: ConfigMap
metadata: { name: roots }
data:
  bundle.pem: |
${text("ca.pem").replace(/^/gm, "    ")}
`;
  const found = inspect("all.yaml", secrets, []);
  expect(found).toMatchObject({
    kind: "kubernetes-secret",
    stores: [{ location: "keystore.jks of Secret kafka", format: "JKS", defaultPassword: "changeit" }],
    malformed: ["ca.crt of Secret shop/shop-tls is not base64"],
  });
  expect(found.items.map((item) => item.location)).toEqual([
    "tls.crt of Secret shop/shop-tls",
    "tls.key of Secret shop/shop-tls",
    "keystore.jks of Secret kafka",
    "keystore.jks of Secret kafka",
    "keystore.jks of Secret kafka",
    "bundle.pem of ConfigMap roots",
  ]);
  expect(JSON.stringify(found)).not.toContain("canary");
});

test("YAML that multiplies itself, and YAML that is none, is told of and costs little", () => {
  const bomb = `kind: Secret\na: &a [x]\n${"bcdefghijklm"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefghijkl"[index]}`).join(",")}]`)
    .join("\n")}\ndata: { tls.crt: *m }\n`;
  expect(inspect("bomb.yaml", bomb)).toMatchObject({ items: [], kind: "unknown" });
  expect(inspect("broken.yaml", "kind: Secret\ndata: {{ .Values.tls }\n: :\n")).toMatchObject({ items: [] });
  expect(inspect("deep.yaml", `kind: Secret\ndata: ${"[".repeat(50_000)}`)).toMatchObject({ items: [] });
});
