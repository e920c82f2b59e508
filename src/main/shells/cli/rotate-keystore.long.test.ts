import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeRenewalDesk, PASSPHRASE, type RenewalDesk } from "#testing/runs/renewal-desk.ts";
import { showLeaf } from "#testing/runs/watch-hosts.ts";

const STORE_PASSPHRASE = "no scan guesses this one";

type Store = {
  path: string;
  /** Shell text that creates the store from `key` and `pem`, with the passphrase in `pass`. */
  make: string;
  /** Serves on port 9444 of `$address` with the key of the store, which it reads once. */
  serve: string;
  /** Shell text that lists what the store contains, by a tool for such stores. */
  list: string;
  listed: string;
};

/** Java reads its own format, and serves by its own TLS. */
const SERVER_JAVA = `
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;
import javax.net.ssl.*;

public class Server {
  public static void main(String[] words) throws Exception {
    char[] pass = Files.readString(Path.of("/etc/own/pass")).strip().toCharArray();
    KeyStore store = KeyStore.getInstance("JKS");
    try (InputStream file = new FileInputStream("/etc/own/own.jks")) { store.load(file, pass); }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, pass);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    ServerSocket socket = context.getServerSocketFactory().createServerSocket(9444, 50, InetAddress.getByName(words[0]));
    while (true) {
      Socket one = socket.accept();
      new Thread(() -> { try (one) { one.getInputStream().read(); } catch (IOException gone) { } }).start();
    }
  }
}
`;

const P12 = "openssl pkcs12 -in own.p12 -passin file:pass -nodes 2>/dev/null";

const STORES: Readonly<Record<"PKCS#12" | "JKS", Store>> = {
  "PKCS#12": {
    path: "/etc/own/own.p12",
    make: "openssl pkcs12 -export -inkey key -in pem -name web -passout file:pass -out own.p12",
    serve: `openssl pkcs12 -in /etc/own/own.p12 -passin file:/etc/own/pass -nodes -out /run/own.pem 2>/dev/null
exec openssl s_server -accept "$address:9444" -cert /run/own.pem -cert_chain /run/own.pem -www`,
    list: `${P12} | grep -c -e 'BEGIN CERTIFICATE' -e 'BEGIN PRIVATE KEY'; ${P12} | grep -m 1 -o 'friendlyName: web'`,
    listed: "3\nfriendlyName: web\n",
  },
  JKS: {
    path: "/etc/own/own.jks",
    make: `openssl pkcs12 -export -inkey key -in pem -name web -passout file:pass -out own.p12
P=$(cat pass) keytool -importkeystore -noprompt -srckeystore own.p12 -srcstorepass:env P -destkeystore own.jks -deststoretype JKS -deststorepass:env P 2>/dev/null
rm own.p12
cat > Server.java <<'END OF JAVA'
${SERVER_JAVA}
END OF JAVA
javac -d . Server.java`,
    serve: `exec java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /etc/own Server "$address"`,
    // The first bytes are those of JKS, which PKCS#12 does not have.
    list: `head -c 4 own.jks | od -An -tx1
      P=$(cat pass) keytool -J-Duser.language=en -list -v -keystore own.jks -storepass:env P 2>/dev/null | grep -e 'Alias name' -e 'Entry type' -e 'chain length'`,
    listed: " fe ed fe ed\nAlias name: web\nEntry type: PrivateKeyEntry\nCertificate chain length: 2\n",
  },
};

/** A server that has key and certificate from a keystore, as those in Java do. */
const prepareFor = ({ path, make, serve }: Store) => `
mkdir -p /etc/own; cd /etc/own
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=own.lab -addext subjectAltName=DNS:own.lab \\
  -days 30 -keyout key -out pem 2>/dev/null
echo '${STORE_PASSPHRASE}' > pass
${make}
rm key pem; chmod 640 ${path}; chown daemon:adm ${path}
cat > /usr/local/bin/own-serve <<'END'
#!/bin/sh
address=$(cat /run/own.address)
${serve}
END
cat > /usr/local/bin/own-server <<'END'
#!/bin/sh
[ ! -f /run/own.pid ] || kill "$(cat /run/own.pid)"
own-serve </dev/null >/dev/null 2>&1 &
echo $! > /run/own.pid
END
chmod +x /usr/local/bin/own-serve /usr/local/bin/own-server
`;

test.skipIf(!canStartHosts()).each(["PKCS#12", "JKS"] as const)(
  "a certificate in a %s store that no scan could open is renewed by one command, and its passphrase is kept in the vault",
  { timeout: 300_000 },
  async (kind) => {
    const { path, list, listed, ...store } = STORES[kind];
    await using desk = await makeRenewalDesk();
    const prepare = `${letIn(desk.publicKey)}\n${prepareFor({ path, list, listed, ...store })}`;
    await using host = await startHost({ name: "own", prepare });
    await host.run(`echo ${host.address} > /run/own.address; own-server
      until openssl s_client -connect ${host.address}:9444 </dev/null >/dev/null 2>&1; do sleep 0.1; done`);
    const at = { host: host.address, port: 9444 };
    {
      await using app = await desk.openWithVault();
      await scanAll(app, { text: `root@${host.address}\n${host.address}:9444`, acceptNew: true });
    }
    const shown = await showLeaf(at);
    if (!("leaf" in shown)) throw new Error(shown.error);
    const { type, vault, renew } = await makeTyping(desk, { path, leaf: shown.leaf });
    const stateOf = () => host.run(`sha256sum ${path}; stat -c '%U %G %a' ${path}`);
    const before = await stateOf();
    const shut = await renew("another one");
    expect(`${shut.out}${shut.err}`).toContain(`${path} is not opened by that passphrase`);
    expect(shut.code).toBe(3);
    expect(await stateOf()).toBe(before);
    expect(await type("runs", "rollback", "1", ...vault)).toMatchObject({ code: 0 });

    const done = await renew(STORE_PASSPHRASE, "--store-entry", "web");
    expect(`${done.out}\n${done.err}`).toContain("run 2 is committed");
    const now = await showLeaf(at);
    expect("leaf" in now && now.leaf).not.toBe(shown.leaf);
    const inStore = await host.run(
      `cd /etc/own; stat -c '%U %G %a' ${path}; ${list}; ls -A /var/lib/latchkey 2>/dev/null || :`,
    );
    expect(inStore).toBe(`daemon adm 640\n${listed}`);
    await using app = await desk.openWithVault();
    const { kept } = await app.client.vault.status();
    expect(kept).toContainEqual({ kind: "store-passphrase", count: 2 });
  },
);

/** The command line of that workstation, with its vault, and how it renews that leaf by that store. */
async function makeTyping(desk: RenewalDesk, { path, leaf }: { path: string; leaf: string }) {
  const secret = async (name: string, text: string) => {
    const file = join(desk.home, name);
    await writeFile(file, `${text}\n`, { mode: 0o600 });
    return file;
  };
  const vault = ["--vault-passphrase-file", await secret("vault", PASSPHRASE)];
  const type = openTerminal(desk.databasePath, {
    workstation: { user: "root", home: desk.home, agentSocket: null },
  });
  const renew = async (passphrase: string, ...more: string[]) =>
    type(
      "rotate",
      "certificate",
      leaf,
      "--issuer",
      "local",
      "--post-check",
      "0",
      ...vault,
      "--key-file",
      path,
      "--reload",
      "own-server",
      "--store-passphrase-file",
      await secret("store", passphrase),
      ...more,
      "--apply",
      "--yes",
      "--acknowledge",
      "described",
      "--acknowledge",
      "trust",
    );
  return { type, vault, renew };
}
