import { expect, test } from "vitest";
import type { SshdFile } from "#domain/collection/collection.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { findOtherAccess } from "./authorities.ts";

const { ed25519, rsa, ecdsa } = SAMPLE_KEYS;
const accounts = ["alice", "bob", "carol"].map((name) => makeAccount(name));

/** A file that sshd's settings name, owned by root with a safe mode. */
function makeFile(path: string, text: string): SshdFile {
  const entry = { mode: 0o755, uid: 0, gid: 0, hasAcl: false };
  const walk = [
    { ...entry, path, type: "file" as const, mode: 0o644 },
    { ...entry, path: "/etc/ssh", type: "folder" as const },
    { ...entry, path: "/", type: "folder" as const },
  ];
  return {
    path,
    bytes: Buffer.from(text),
    whyUnreadable: null,
    realPath: path,
    walk,
    through: [],
    isAbsent: false,
  };
}

function ways(config: string, files: SshdFile[], more: Parameters<typeof makeCollection>[0] = {}): string[] {
  const sshdFiles = new Map(files.map((file) => [file.path, file]));
  return findOtherAccess(
    makeCollection({ config: `UsePAM yes\n${config}`, accounts, sshdFiles, ...more }),
  ).map(({ what, why }) => `${what}: ${why}`);
}

test("a command is named, once, whether the files or sshd -T tell of it", () => {
  const config = "AuthorizedKeysCommand /usr/bin/keys %u\nMatch User git\nTrustedUserCAKeys none\n";
  const effective = new Map([["alice", new Map([["authorizedkeyscommand", ["/usr/bin/keys %u"]]])]]);
  const { sshd } = makeCollection({ config });
  const told = [
    "AuthorizedKeysCommand /usr/bin/keys %u: it was not run: keys that it gives sshd are not listed",
  ];
  expect(ways(config, [])).toEqual(told);
  expect(ways("", [], { sshd: { ...sshd, effective } })).toEqual(told);
});

test("an authority is told with the accounts that its certificates open, and the principals that they need", () => {
  const authorities = makeFile("/etc/ssh/ca.pub", `# ours\n${ed25519} our ca\n`);
  expect(ways("TrustedUserCAKeys /etc/ssh/ca.pub", [authorities])).toMatchInlineSnapshot(`
    [
      "TrustedUserCAKeys /etc/ssh/ca.pub:2: whoever has a certificate that SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE our ca signed logs in as alice, bob, carol",
    ]
  `);
  const principals = makeFile("/etc/ssh/auth/alice", 'ops\nfrom="10.0.0.0/8" dev # from inside\n');
  const empty = makeFile("/etc/ssh/auth/bob", "# nobody\n");
  const absent = { ...makeFile("/etc/ssh/auth/carol", ""), bytes: null, walk: [], isAbsent: true };
  const config = "TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedPrincipalsFile /etc/ssh/auth/%u";
  expect(ways(config, [authorities, principals, empty, absent])).toMatchInlineSnapshot(`
    [
      "TrustedUserCAKeys /etc/ssh/ca.pub:2: whoever has a certificate that SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE our ca signed logs in as alice (with the principal "ops" or "dev")",
    ]
  `);
  expect(ways(config, [authorities, empty, absent], { accounts: accounts.slice(1) })).toMatchInlineSnapshot(`
    [
      "TrustedUserCAKeys /etc/ssh/ca.pub:2: a certificate that SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE our ca signed lets nobody in: no principal is named for bob: AuthorizedPrincipalsFile /etc/ssh/auth/%u (/etc/ssh/sshd_config:3)",
    ]
  `);
  expect(
    ways(`${config}\nAuthorizedPrincipalsCommand /usr/bin/names %u`, [authorities, empty, absent], {
      accounts: accounts.slice(1),
    }),
  ).toMatchInlineSnapshot(`
    [
      "TrustedUserCAKeys /etc/ssh/ca.pub:2: a certificate that SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE our ca signed may let in 2 accounts: AuthorizedPrincipalsCommand /usr/bin/names %u (/etc/ssh/sshd_config:4) names those who can log in, and was not run",
    ]
  `);
});

test("an authority that sshd does not take is told with the reason", () => {
  const trusting = "TrustedUserCAKeys /etc/ssh/ca.pub\n";
  const authorities = makeFile("/etc/ssh/ca.pub", `${ecdsa}\n`);
  expect([
    ...ways(`${trusting}CASignatureAlgorithms ssh-ed25519`, [authorities]),
    ...ways(`${trusting}RevokedKeys /etc/ssh/revoked`, [authorities, makeFile("/etc/ssh/revoked", ecdsa)]),
    ...ways(`${trusting}PubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-512`, [authorities]),
    ...ways(trusting, []),
    ...ways(trusting, [makeFile("/etc/ssh/ca.pub", `cert-authority ${rsa}\n${ed25519}\n`)]),
  ]).toMatchInlineSnapshot(`
    [
      "TrustedUserCAKeys /etc/ssh/ca.pub:1: a certificate that SHA256:qh2opi3a/fNKkKRpelhhZuoZpgMqWqJuSm8JyOq5EgM signed lets nobody in: CASignatureAlgorithms does not have ecdsa-sha2-nistp256 (/etc/ssh/sshd_config:3)",
      "TrustedUserCAKeys /etc/ssh/ca.pub:1: a certificate that SHA256:qh2opi3a/fNKkKRpelhhZuoZpgMqWqJuSm8JyOq5EgM signed lets nobody in: RevokedKeys /etc/ssh/revoked revokes this key (/etc/ssh/sshd_config:3)",
      "TrustedUserCAKeys /etc/ssh/ca.pub:1: a certificate that SHA256:qh2opi3a/fNKkKRpelhhZuoZpgMqWqJuSm8JyOq5EgM signed lets nobody in: PubkeyAcceptedAlgorithms has no type of certificate (/etc/ssh/sshd_config:3)",
      "TrustedUserCAKeys /etc/ssh/ca.pub: it was not read: whoever has a certificate of these authorities is not listed",
      "TrustedUserCAKeys /etc/ssh/ca.pub: its line 1 is not a bare key: sshd reads no further",
    ]
  `);
});
