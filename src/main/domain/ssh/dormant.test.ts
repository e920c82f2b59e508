import { expect, test } from "vitest";
import type { SshdFile } from "#domain/collection/collection.ts";
import { judge } from "./testdata/judge-alice.ts";
import { makeCollection, NO_SETTINGS } from "./testdata/make-collection.ts";
import { SAMPLE_KEYS } from "./testdata/sample-keys.ts";

const { ed25519, rsa } = SAMPLE_KEYS;
const { facts } = makeCollection({});
const dormant = (...of: Parameters<typeof judge>) => judge(...of).map((effective) => effective.dormant);

const revoking = (text: string): Pick<ReturnType<typeof makeCollection>, "sshdFiles"> => {
  const file: SshdFile = {
    path: "/etc/ssh/revoked",
    bytes: Buffer.from(text),
    whyUnreadable: null,
    realPath: "/etc/ssh/revoked",
    walk: [],
    through: [],
    isAbsent: false,
  };
  return { sshdFiles: new Map([[file.path, file]]) };
};

test("a no that one setting makes names it, as sshd_config has it", () => {
  const expired = { expiresOnDay: 18_262 };
  const locked = { passwordState: "locked" as const, isLockedForSshd: true };
  expect([
    ...dormant(ed25519, { config: "PubkeyAuthentication no" }),
    ...dormant(ed25519, { config: "AllowUsers bob\nAllowUsers carol@*" }),
    ...dormant(ed25519, { config: "DenyUsers al*" }),
    ...dormant(ed25519, { config: "AllowGroups ops", account: { groups: ["alice"] } }),
    ...dormant(ed25519, { config: "DenyGroups alice" }),
    ...dormant(ed25519, { config: "PermitRootLogin no", account: { uid: 0 } }),
    ...dormant(ed25519, { config: "AuthorizedKeysFile /etc/ssh/keys/%u" }),
    ...dormant(ed25519, { config: "AuthenticationMethods password" }),
    ...dormant(ed25519, {
      config: "AuthenticationMethods publickey,password\nPasswordAuthentication no",
    }),
    ...dormant(ed25519, { config: "RevokedKeys /etc/ssh/revoked", ...revoking(ed25519) }),
    ...dormant(ed25519, { config: "RevokedKeys /etc/ssh/revoked", ...revoking("garbage") }),
    ...dormant(rsa, { config: "RequiredRSASize 3072" }),
    ...dormant(ed25519, { config: "PubkeyAcceptedAlgorithms rsa-sha2-512" }),
    ...dormant(ed25519, { config: "UsePAM no", account: locked }),
    ...dormant(ed25519, { account: expired }),
    ...dormant(ed25519, { account: { isShellUsable: false, shell: "/bin/zsh" } }),
    ...dormant(ed25519, { facts: { ...facts, closedBy: "/etc/nologin", isClosedUnderPam: true } }),
  ]).toMatchInlineSnapshot(`
    [
      "PubkeyAuthentication no (/etc/ssh/sshd_config:1)",
      "AllowUsers bob carol@* (/etc/ssh/sshd_config:1, /etc/ssh/sshd_config:2)",
      "DenyUsers al* (/etc/ssh/sshd_config:1)",
      "AllowGroups ops (/etc/ssh/sshd_config:1)",
      "DenyGroups alice (/etc/ssh/sshd_config:1)",
      "PermitRootLogin no (/etc/ssh/sshd_config:1)",
      "AuthorizedKeysFile /etc/ssh/keys/%u (/etc/ssh/sshd_config:1)",
      "AuthenticationMethods password (/etc/ssh/sshd_config:1)",
      "PasswordAuthentication no (/etc/ssh/sshd_config:2)",
      "RevokedKeys /etc/ssh/revoked (/etc/ssh/sshd_config:1)",
      "RevokedKeys /etc/ssh/revoked (/etc/ssh/sshd_config:1)",
      "RequiredRSASize 3072 (/etc/ssh/sshd_config:1)",
      "PubkeyAcceptedAlgorithms rsa-sha2-512 (/etc/ssh/sshd_config:1)",
      "UsePAM no (/etc/ssh/sshd_config:1)",
      "the day on which the account alice expires",
      "the shell of alice, /bin/zsh",
      "/etc/nologin",
    ]
  `);
});

test("what is also refused by something else, by the line itself, or not for certain is not dormant", () => {
  const config = "PubkeyAuthentication no";
  expect([
    ...dormant(ed25519, { config: `${config}\nDenyUsers alice` }),
    ...dormant(`no-such-option ${ed25519}`, { config }),
    ...dormant(`expiry-time="20200101" ${ed25519}`, { config }),
    ...dormant(ed25519, { config, account: { expiresOnDay: "unknown" } }),
    ...dormant(ed25519, { sshd: NO_SETTINGS }),
    ...dormant(ed25519),
  ]).toEqual([null, null, null, null, null, null]);
  expect(dormant(`${ed25519}\n${ed25519}`, { config: "PubkeyAuthentication no" })).toEqual([
    "PubkeyAuthentication no (/etc/ssh/sshd_config:1)",
    null,
  ]);
});
