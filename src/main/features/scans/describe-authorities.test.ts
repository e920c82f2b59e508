import { expect, test } from "vitest";
import { evaluateAuthorities } from "#domain/ssh/authorities.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { describeAuthorities } from "./describe-authorities.ts";

const CONFIG = "TrustedUserCAKeys /etc/ssh/ca.pub\nDenyUsers carol\n";
const accounts = ["alice", "carol"].map((name) => makeAccount(name));

/** A host with these settings, and the file that they name; null: it could not be read. */
function tell(config: string, authorities: string | null) {
  const path = "/etc/ssh/ca.pub";
  const entry = { mode: 0o755, uid: 0, gid: 0, hasAcl: false };
  const walk = [
    { ...entry, path, type: "file" as const, mode: 0o644 },
    { ...entry, path: "/etc/ssh", type: "folder" as const },
    { ...entry, path: "/", type: "folder" as const },
  ];
  const bytes = authorities === null ? null : Buffer.from(authorities);
  const whyUnreadable = authorities === null ? "permission denied" : null;
  const file = { path, bytes, whyUnreadable, realPath: path, walk, through: [], isAbsent: false };
  const collection = makeCollection({ accounts, config, sshdFiles: new Map([[path, file]]) });
  return describeAuthorities(collection, evaluateAuthorities(collection));
}

test("of an authority the accounts are kept that its certificates open, and not those that sshd refuses", () => {
  const { trusted, isToldWhole } = tell(CONFIG, `# ours\n${SAMPLE_KEYS.ed25519} the CA\n`);
  expect(isToldWhole).toBe(true);
  expect(trusted).toMatchObject([
    {
      account: "alice",
      keyType: "ssh-ed25519",
      comment: "the CA",
      file: "/etc/ssh/ca.pub",
      line: 2,
      principals: ["alice"],
      effective: { state: "yes" },
    },
  ]);
});

test("where the file of authorities could not be read, it is not told that there is none", () => {
  expect(tell(CONFIG, null)).toEqual({ trusted: [], isToldWhole: false });
  expect(tell("PermitRootLogin no\n", null)).toEqual({ trusted: [], isToldWhole: true });
});
