import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeRenewalDesk, PASSPHRASE } from "#testing/runbooks/renewal-desk.ts";
import { showLeaf } from "#testing/runbooks/watch-served.ts";

const STORE_PASSPHRASE = "no scan guesses this one";

/** A server that has key and certificate from a keystore, as those in Java do. */
const PREPARE = `
mkdir -p /etc/own; cd /etc/own
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=own.lab -addext subjectAltName=DNS:own.lab \\
  -days 30 -keyout key -out pem 2>/dev/null
echo '${STORE_PASSPHRASE}' > pass
openssl pkcs12 -export -inkey key -in pem -name web -passout file:pass -out own.p12
rm key pem; chmod 640 own.p12; chown daemon:adm own.p12
cat > /usr/local/bin/own-server <<'END'
#!/bin/sh
[ ! -f /run/own.pid ] || kill "$(cat /run/own.pid)"
openssl pkcs12 -in /etc/own/own.p12 -passin file:/etc/own/pass -nodes -out /run/own.pem 2>/dev/null
setpriv --pdeathsig KILL openssl s_server -accept "$(cat /run/own.address):9444" -cert /run/own.pem -cert_chain /run/own.pem -www \\
  </dev/null >/dev/null 2>&1 &
echo $! > /run/own.pid
END
chmod +x /usr/local/bin/own-server
`;

test.skipIf(!canStartHosts())(
  "a certificate in a keystore that no scan could open is renewed by one command, and its passphrase is kept in the vault",
  { timeout: 240_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startHost({ name: "own", prepare: `${letIn(desk.publicKey)}\n${PREPARE}` });
    await host.run(`echo ${host.address} > /run/own.address; own-server
      until openssl s_client -connect ${host.address}:9444 </dev/null >/dev/null 2>&1; do sleep 0.1; done`);
    const at = { host: host.address, port: 9444 };
    {
      await using app = await desk.openWithVault();
      await scanAll(app, { text: `root@${host.address}\n${host.address}:9444`, acceptNew: true });
    }
    const secret = async (name: string, text: string) => {
      const path = join(desk.home, name);
      await writeFile(path, `${text}\n`, { mode: 0o600 });
      return path;
    };
    const vault = ["--vault-passphrase-file", await secret("vault", PASSPHRASE)];
    const type = openTerminal(desk.databasePath, {
      workstation: { user: "root", home: desk.home, agentSocket: null },
    });
    const shown = await showLeaf(at);
    if (!("leaf" in shown)) throw new Error(shown.error);
    const renew = async (passphrase: string, ...more: string[]) =>
      type(
        ...["rotate", "certificate", shown.leaf, "--issuer", "local", "--recheck", "0", ...vault],
        ...["--key-file", "/etc/own/own.p12", "--reload", "own-server"],
        ...["--store-passphrase-file", await secret("store", passphrase), ...more],
        ...["--apply", "--yes", "--consent", "described"],
      );
    const stateOf = () => host.run("sha256sum /etc/own/own.p12; stat -c '%U %G %a' /etc/own/own.p12");
    const before = await stateOf();
    const shut = await renew("another one");
    expect(`${shut.out}${shut.err}`).toContain("/etc/own/own.p12 is not opened by that passphrase");
    expect(shut.code).toBe(3);
    expect(await stateOf()).toBe(before);
    expect(await type("runs", "rollback", "1", ...vault)).toMatchObject({ code: 0 });

    const done = await renew(STORE_PASSPHRASE, "--store-entry", "web");
    expect(`${done.out}\n${done.err}`).toContain("run 2 is committed");
    expect(await showLeaf(at)).not.toEqual(shown);
    const inStore = await host.run(`cd /etc/own; stat -c '%U %G %a' own.p12
      openssl pkcs12 -in own.p12 -passin file:pass -nodes | grep -c -e 'BEGIN CERTIFICATE' -e 'BEGIN PRIVATE KEY'
      openssl pkcs12 -in own.p12 -passin file:pass -nodes | grep -q 'friendlyName: web' && ls -A /var/lib/latchkey 2>/dev/null || :`);
    expect(inStore).toBe("daemon adm 640\n3\n");
    await using app = await desk.openWithVault();
    const { kept } = await app.client.vault.status();
    expect(kept).toContainEqual({ kind: "store-passphrase", count: 2 });
  },
);
