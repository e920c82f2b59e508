import { execFile } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { evaluateAuthorities } from "./authorities.ts";

const run = promisify(execFile);

/** What the fixture does to each account's file of principals, which names "ops". */
const ACCOUNTS: Record<string, string> = {
  named: "",
  empty: ": > $file",
  nofile: "rm $file",
  open: "chmod 666 $file",
  foreign: "chown nobody $file",
  options: "echo 'no-pty,command=\"true\" ops # a comment' > $file",
  expired: "echo 'expiry-time=\"20200101\" ops' > $file",
  wrong: "echo 'no-such-option ops' > $file",
  ca: "echo 'cert-authority ops' > $file",
  tabbed: "printf '\\t no-pty\\tops \\t\\n' > $file",
  many: "printf 'ops dev\\nops\\n' > $file",
  hidden: "chmod 600 $file; chown root $file",
  ownname: "usermod -p '*' ownname",
  shut: "usermod -p '*' -e 2020-01-01 shut",
};

const prepare = (authority: string) => `
mkdir -p /etc/ssh/auth
cat > /etc/ssh/ca.pub <<'END'
# trusted
${authority}
END
cat > /etc/ssh/sshd_config <<'END'
UsePAM yes
TrustedUserCAKeys /etc/ssh/ca.pub
AuthorizedPrincipalsFile /etc/ssh/auth/%u
Match User ownname
  AuthorizedPrincipalsFile none
END
${Object.entries(ACCOUNTS)
  .map(
    ([name, change]) =>
      `useradd --create-home --shell /bin/sh ${name}; file=/etc/ssh/auth/${name}; echo ops > $file; ${change}`,
  )
  .join("\n")}
`;

const PRINCIPALS = ["ops", "ownname"];

/** An authority, and a key with one certificate for each principal. */
async function makeCertificates(at: (name: string) => string): Promise<string> {
  for (const name of ["ca", "key"])
    await run("ssh-keygen", ["-q", "-N", "", "-C", "", "-t", "ed25519", "-f", at(name)]);
  for (const principal of PRINCIPALS) {
    await copyFile(at("key.pub"), at(`${principal}.pub`));
    await run("ssh-keygen", ["-q", "-s", at("ca"), "-I", principal, "-n", principal, at(`${principal}.pub`)]);
  }
  return (await readFile(at("ca.pub"), "utf8")).trim();
}

function logIn(
  address: string,
  account: string,
  files: { key: string; certificate: string },
): Promise<boolean> {
  const options = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "PreferredAuthentications=publickey",
    "LogLevel=QUIET",
    `CertificateFile=${files.certificate}`,
  ].flatMap((option) => ["-o", option]);
  const asked = run("ssh", ["-F", "none", "-i", files.key, "-l", account, ...options, "-n", address, "true"]);
  return asked.then(
    () => true,
    (error: { code?: unknown }) => error.code !== 255,
  );
}

test.skipIf(!canStartHosts())("of certificates of a trusted authority we say what sshd does", async () => {
  await using folder = await makeTemporaryFolder();
  const at = (name: string) => join(folder.path, name);
  await using host = await startHost({ name: "authority", prepare: prepare(await makeCertificates(at)) });
  const collection = readCollection(await runCollector(host), { nonce: null });
  if (!collection) throw new Error("nothing was collected");
  const [authority, ...others] = evaluateAuthorities(collection);
  expect(others).toEqual([]);

  const differences: unknown[] = [];
  for (const name of Object.keys(ACCOUNTS)) {
    const ours = authority?.accounts.find(({ account }) => account === name);
    const answers = await Promise.all(
      PRINCIPALS.map((principal) =>
        logIn(host.address, name, { key: at("key"), certificate: at(`${principal}-cert.pub`) }),
      ),
    );
    for (const [index, principal] of PRINCIPALS.entries()) {
      const isIn = answers[index] === true;
      const said = ours?.effective.state === "yes" && ours.principals.includes(principal);
      if (isIn !== said || ours?.effective.state === "unknown")
        differences.push({ name, principal, isIn, ours });
    }
  }
  expect(differences).toEqual([]);
});
