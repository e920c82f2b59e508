import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createDeploymentKey,
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { watchProcesses } from "#testing/runs/watch-hosts.ts";
import { issueForRequest } from "#testing/tls/make-request.ts";
import { DEPLOYMENT, openDeploymentSession, planFile } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());

/** A character of each kind that a shell, a terminal or Java might take for something else. */
const PASSPHRASE = "pa ss'w\"ö$d\\n%s";
const ODD = "pä ss'\"$d";
const PASSWORDS = { passphrase: PASSPHRASE, plain: "changeit" };

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({ name: "stores" });
  await host.run(
    `
    mkdir /etc/stores; cd /etc/stores
    for name in old other; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.pem -subj /CN=$name -days 90 2>/dev/null
    done
    printf %s "$1" >pass
  `.replace('"$1"', `'${PASSPHRASE.replaceAll("'", "'\\''")}'`),
  );
  await host.run(`
    cd /etc/stores
    openssl pkcs12 -export -inkey old.key -in old.pem -name "my web" -passout file:pass -out web.p12
    openssl pkcs12 -export -inkey old.key -in old.pem -name web -passout pass:changeit -out old.p12 \\
      -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
    P=changeit; export P
    keytool -importkeystore -noprompt -srckeystore old.p12 -srcstorepass:env P -destkeystore one.jks -deststoretype JKS -deststorepass:env P 2>/dev/null
    keytool -importcert -noprompt -alias trusted -file other.pem -keystore one.jks -storepass:env P 2>/dev/null
    cp one.jks two.jks
    openssl pkcs12 -export -inkey other.key -in other.pem -name second -passout pass:changeit -out second.p12
    keytool -importkeystore -noprompt -srckeystore second.p12 -srcstorepass:env P -destkeystore two.jks -deststoretype JKS -deststorepass:env P 2>/dev/null
    keytool -importkeystore -noprompt -srckeystore two.jks -srcstorepass:env P -destkeystore two.p12 -deststoretype PKCS12 -deststorepass:env P 2>/dev/null
    cp one.jks locked.jks
    cp one.jks odd.jks
    R='pä ss'\\''"$d'; export R
    printf %s "$R" >odd-pass
    LC_ALL=C.UTF-8 keytool -keypasswd -alias web -keystore odd.jks -storepass:env P -keypass:env P -new:env R 2>/dev/null
    LC_ALL=C.UTF-8 keytool -storepasswd -keystore odd.jks -storepass:env P -new:env R 2>/dev/null
    Q=otherpass; export Q
    keytool -keypasswd -alias web -keystore locked.jks -storepass:env P -keypass:env P -new:env Q 2>/dev/null
    chown daemon:adm *.p12 *.jks; chmod 640 *.p12 *.jks
  `);
}, 120_000);
afterAll(() => host?.[Symbol.asyncDispose]());

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;
const state = () =>
  host.run(
    "cd /etc/stores; sha256sum *; stat -c '%n %i %U %G %a' *; ls -A /var/lib/latchkey 2>/dev/null || :",
  );

async function stageIn(hand: Hand, name: string, wish: { password?: string; entry?: string } = {}) {
  const made = await createDeploymentKey(hand, { ...DEPLOYMENT, key: "p256", names: ["store.lab"] });
  if (made.kind !== "made") throw new Error(JSON.stringify(made));
  const path = `/etc/stores/${name}`;
  const planned = await planFile(hand, path, name.endsWith(".jks") ? "jks" : "pkcs12");
  const files = [{ ...planned, ...(wish.entry !== undefined && { entry: wish.entry }) }];
  const chain = await issueForRequest(made.csr, "new");
  const passphrases = new Map([[path, new Redacted(Buffer.from(wish.password ?? PASSWORDS.plain))]]);
  const stage = () => stageDeployment(hand, { ...DEPLOYMENT, files, chain, key: "made-there", passphrases });
  return { files, stage };
}

/** Names and subjects as keytool lists them; as openssl does if Java would decode the passphrase differently. */
const list = (name: string) =>
  host.run(
    name === "web.p12"
      ? `openssl pkcs12 -in /etc/stores/${name} -passin file:/etc/stores/pass -nokeys |
          sed -n -e 's/^ *friendlyName: /Alias name: /p' -e 's/^subject=/Owner: /p'`
      : `P=changeit; [ ${name} != odd.jks ] || P='pä ss'\\''"$d'
          export P; LC_ALL=C.UTF-8 keytool -J-Duser.language=en -list -v -keystore /etc/stores/${name} -storepass:env P 2>/dev/null |
          grep -e '^Alias' -e '^Owner' | sort | uniq`,
  );

lab.each([
  ["web.p12", { password: PASSPHRASE, alias: "my web", stays: [] }],
  ["old.p12", { alias: "web", stays: [] }],
  ["one.jks", { alias: "web", stays: ["other"] }],
  ["odd.jks", { password: ODD, alias: "web", stays: ["other"] }],
  ["two.jks", { entry: "web", alias: "web", stays: ["other"] }],
  ["two.p12", { entry: "second", alias: "second", stays: ["old"] }],
] as const)(
  "%s gets the new key and chain under the old name, keeps what else is in it, and is back as it was",
  async (name, { alias, stays, ...wish }) => {
    const atFirst = await state();
    const before = await list(name);
    await using hand = await openDeploymentSession(startShellIn(host));
    const { files, stage } = await stageIn(hand, name, wish);
    const staged = await stage();
    if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
    expect(await stage()).toEqual(staged);
    const pair = { ...DEPLOYMENT, files, newHashes: staged.newHashes };
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    const after = await list(name);
    for (const line of [`Alias name: ${alias}`, "Owner: CN=new", ...stays.map((one) => `Owner: CN=${one}`)])
      expect(after).toContain(line);
    const aliases = (text: string) => text.split("\n").filter((line) => line.startsWith("Alias"));
    expect(aliases(after)).toEqual(aliases(before));
    expect(await host.run(`stat -c '%U %G %a' /etc/stores/${name}`)).toBe("daemon adm 640\n");
    expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await state()).toBe(atFirst);
  },
  60_000,
);

lab.each([
  ["web.p12", { password: "another" }, "wrong-passphrase"],
  ["one.jks", { password: "another" }, "wrong-passphrase"],
  ["two.jks", {}, "store-has-more"],
  ["two.p12", {}, "store-has-more"],
  ["two.jks", { entry: "third" }, "no-entry"],
  ["locked.jks", {}, "other-key-passphrase"],
] as const)(
  "%s %o is refused, and nothing of it is changed",
  async (name, wish, why) => {
    const atFirst = await state();
    await using hand = await openDeploymentSession(startShellIn(host));
    const { stage } = await stageIn(hand, name, wish);
    expect(await stage()).toMatchObject({ kind: "refused", why });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await state()).toBe(atFirst);
  },
  60_000,
);

lab(
  "a keystore is made anew in its pair's turn alone, and that is given back",
  async () => {
    const den = `/var/lib/latchkey/${DEPLOYMENT.token}/${DEPLOYMENT.id}`;
    const atFirst = await state();
    await using hand = await openDeploymentSession(startShellIn(host));
    const first = await stageIn(hand, "old.p12");
    expect(await first.stage()).toMatchObject({ kind: "staged" });
    await host.run(
      `sleep 900 >/dev/null 2>&1 & pid=$!; echo $pid > /srv/pid; mv ${den}/mutex-free ${den}/mutex-$pid-$(cut -d' ' -f22 /proc/$pid/stat)`,
    );
    const next = await stageIn(hand, "old.p12");
    expect(await next.stage()).toMatchObject({ kind: "refused", why: "firing" });
    await host.run("kill $(cat /srv/pid)");
    expect(await next.stage()).toMatchObject({ kind: "staged" });
    expect(await host.run(`cd ${den}; ls -d mutex-* store-* 2>/dev/null || :`)).toBe("mutex-free\n");
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await state()).toBe(atFirst);
  },
  120_000,
);

lab(
  "a key that was made here goes into stores of its host, and no process has a word of it",
  async () => {
    const made = await makeCertificate({ names: ["here.lab"] });
    const paths = ["/etc/stores/old.p12", "/etc/stores/odd.jks"] as const;
    const passphrase = new Redacted(Buffer.from(ODD));
    await host.run(
      `cd /etc/stores; openssl pkcs12 -export -inkey old.key -in old.pem -name web -passout file:odd-pass -out made.p12; cat made.p12 >old.p12; rm made.p12`,
    );
    await using hand = await openDeploymentSession(startShellIn(host));
    await using processes = watchProcesses();
    const files = [await planFile(hand, paths[0], "pkcs12"), await planFile(hand, paths[1], "jks")];
    const staged = await stageDeployment(hand, {
      ...DEPLOYMENT,
      files,
      chain: Buffer.from(made.pem),
      key: new Redacted(Buffer.from(made.keyPem)),
      passphrases: new Map(paths.map((path) => [path, passphrase])),
    });
    if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
    const seen = processes.said();
    expect(seen).toContain("keytool");
    for (const secret of [ODD, made.keyPem.split("\n")[1]?.slice(50, 90) ?? ""])
      expect(seen).not.toContain(Buffer.from(secret).toString("latin1"));
    expect(await swapDeployment(hand, { ...DEPLOYMENT, files, newHashes: staged.newHashes })).toMatchObject({
      kind: "swapped",
    });
    const key = await host.run(
      `openssl pkcs12 -in ${paths[0]} -passin file:/etc/stores/odd-pass -nodes -nocerts 2>/dev/null | openssl pkey`,
    );
    expect(key.replace(/\s/g, "")).toBe(made.keyPem.replace(/\s/g, ""));
    expect(
      await rollBackDeployment(hand, { ...DEPLOYMENT, files, newHashes: staged.newHashes }),
    ).toMatchObject({
      kind: "back",
    });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run("ls -d /run/latchkey-try-* 2>/dev/null || :")).toBe("");
  },
  60_000,
);
