import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { readTree } from "#testing/lab/run-in-host.ts";
import { startPostfix } from "#testing/servers/mail-servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

const FILES = ["usual", "shop", "all", "inline", "run"] as const;

/** Each with key and certificate in one file, and the default one in two. */
async function makeCertificates(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of FILES) {
    const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    const of = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${name}`];
    await run("openssl", ["req", "-x509", ...of, "-keyout", key, "-out", certificate]);
    const both = [await readFile(key), await readFile(certificate)];
    await writeFile(join(folder, `${name}.pem`), Buffer.concat(both));
  }
}

/** The common name of the certificate that Postfix presents for this SNI name. */
async function ask(address: string, name: string | null): Promise<string> {
  const named = name === null ? ["-noservername"] : ["-servername", name];
  const said = run("openssl", ["s_client", "-connect", `${address}:25`, "-starttls", "smtp", ...named]);
  said.child.stdin?.end("QUIT\r\n");
  return /subject=CN ?= ?(\S+)/.exec((await said).stdout)?.[1] ?? "nothing";
}

test("Postfix serves by its maps of names what is read of them, whichever kind of table", async () => {
  await using temporary = await makeTemporaryFolder();
  const certificates = join(temporary.path, "certificates");
  await makeCertificates(certificates);
  const file = (name: (typeof FILES)[number]) => join(certificates, `${name}.pem`);
  await using server = await startPostfix({
    folder: temporary.path,
    certificatePath: join(certificates, "usual.crt"),
    keyPath: join(certificates, "usual.key"),
  });
  const folder = server.configPath;
  await writeFile(join(folder, "sni"), `shop.example ${file("shop")}\n.shop.example\n  ${file("all")}\n`);
  await writeFile(join(folder, "run"), `run.example\t${file("run")}\nshop.example ${file("run")}\n`);
  await run("postmap", ["-F", `hash:${join(folder, "sni")}`]);
  const maps = `hash:${folder}/sni, texthash:${folder}/run inline:{ { in.example = ${file("inline")} } }`;
  await appendFile(join(folder, "main.cf"), `tls_server_sni_maps = ${maps}\n`);
  await server.reload();

  const root = join(folder, "main.cf");
  const configuration = readConfiguration({
    server: "postfix",
    root,
    unreadable: [],
    commandLines: [],
    ...readTree(folder),
  });
  const ours = (name: string | null): string => {
    const choice = chooseBinding(configuration, { address: server.address, port: 25, name }, () => null);
    if (choice.kind !== "chosen") return choice.kind;
    const path = choice.deployments[0]?.certificate.path ?? "";
    return /([a-z]+)\.(?:pem|crt)$/.exec(path)?.[1]?.replace("server", "usual") ?? path;
  };
  for (const name of [
    "shop.example",
    "www.shop.example",
    "a.b.shop.example",
    "SHOP.example",
    "xshop.example",
    "run.example",
    "in.example",
    "www.in.example",
    "example",
    null,
  ])
    expect({ name, served: ours(name) }).toEqual({ name, served: await ask(server.address, name) });
});

test("Postfix speaks TLS with chain files in which each key comes straight before its certificate, and with no others", async () => {
  await using temporary = await makeTemporaryFolder();
  const certificates = join(temporary.path, "certificates");
  await makeCertificates(certificates);
  await using server = await startPostfix({
    folder: temporary.path,
    certificatePath: join(certificates, "usual.crt"),
    keyPath: join(certificates, "usual.key"),
  });
  const folder = server.configPath;
  const [key, certificate] = await Promise.all(
    ["key", "crt"].map((end) => readFile(join(certificates, `shop.${end}`))),
  );
  const parts = { k: key ?? "", c: certificate ?? "" };
  const usual = await readFile(join(folder, "main.cf"), "utf8");
  for (const files of [
    ["kc"],
    ["ck"],
    ["k", "c"],
    ["c", "k"],
    ["kcc"],
    ["kck"],
    ["kkc"],
    ["c"],
    ["kc", "k"],
  ]) {
    const paths = files.map((_, at) => join(folder, `part${at}.pem`));
    for (const [at, path] of paths.entries())
      await writeFile(path, [...(files[at] ?? "")].map((letter) => parts[letter as "k" | "c"]).join(""));
    // Each connection has its own process, which reads this file.
    await writeFile(
      join(folder, "main.cf"),
      `${usual}max_use = 1\nsmtpd_tls_chain_files = ${paths.join(", ")}\n`,
    );
    const configuration = readConfiguration({
      server: "postfix",
      root: join(folder, "main.cf"),
      unreadable: [],
      commandLines: [],
      pemOrders: new Map(paths.map((path, at) => [path, files[at] ?? ""])),
      ...readTree(folder),
    });
    const [serving] = configuration.bindings;
    const isServed = serving?.unsure === null;
    // Without TLS, Postfix refuses STARTTLS, and openssl fails.
    const served = await ask(server.address, null).catch(() => "nothing");
    expect({ files, served }).toEqual({
      files,
      served: isServed ? "shop" : "nothing",
    });
    expect(serving?.deployments.some(({ problem }) => problem !== undefined)).toBe(!isServed);
  }
});
