import { expect, test } from "vitest";
import { inspectFile } from "./inspect-host.ts";
import type { RemoteSession } from "./remote-session.ts";

/** A host that names this real path for every file. */
const liar = (real: string): RemoteSession => ({
  user: "jo",
  uid: 0,
  loginKey: null,
  loginCertificate: null,
  clientKeys: [],
  isTyped: false,
  transport: "ssh2",
  proxy: null,
  hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
  ended: new Promise(() => undefined),
  send: async () => ({
    kind: "answered",
    status: "ok",
    words: [],
    facts: new Map([["real", [[real]]]]),
    data: new Map(),
  }),
  [Symbol.asyncDispose]: async () => undefined,
});

test("a file whose name has a line break, or that a host says lies at one, is looked at and not written to", async () => {
  const refused = { kind: "seen", file: { state: "absent", refusal: { why: "odd-path" }, content: null } };
  expect(await inspectFile(liar("/x"), "/home/a\nb/id_rsa")).toMatchObject(refused);
  expect(await inspectFile(liar("/home/a\nb"), "/home/a/id_rsa")).toMatchObject({
    ...refused,
    file: { ...refused.file, real: "/home/a/id_rsa" },
  });
});
