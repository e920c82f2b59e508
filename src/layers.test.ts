import { spawnSync } from "node:child_process";
import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** One import for each way to break a layer that is worth a mistake. */
const FORBIDDEN = [
  ["src/shared/model", "node:fs"],
  ["src/shared/model", "../contract/index.ts"],
  ["src/shared/text", "#domain/x509/read-certificate.ts"],
  ["src/main/codec", "node:fs"],
  ["src/main/codec", "#domain/x509/read-certificate.ts"],
  ["src/main/codec", "#net/tls/probe-endpoint.ts"],
  ["src/main/domain/x509", "node:fs"],
  ["src/main/domain/x509", "@peculiar/x509"],
  ["src/main/domain/issuing", "node:fs"],
  ["src/main/domain/findings", "#store/store.ts"],
  ["src/main/domain/findings", "../x509/read-certificate.ts"],
  ["src/main/store", "#net/tls/probe-endpoint.ts"],
  ["src/main/store", "node:net"],
  ["src/main/store", "#codec/der.ts"],
  ["src/main/net/tls", "#domain/x509/read-certificate.ts"],
  ["src/main/net/tls", "#store/store.ts"],
  ["src/main/net/ssh", "#connect/approach.ts"],
  ["src/main/connect", "../features/scans/index.ts"],
  ["src/main/connect", "node:net"],
  ["src/main/connect", "ssh2"],
  ["src/main/features/certificates", "../scans/index.ts"],
  ["src/main/features/certificates", "#shells/page.ts"],
  ["src/main/features/certificates", "better-sqlite3"],
  ["src/main/features/certificates", "node:net"],
  ["src/main", "./shells/page.ts"],
  ["src/main", "./testing/servers.ts"],
  ["src/main/shells/web", "#store/store.ts"],
  ["src/main/shells/web", "../../store/store.ts"],
  ["src/main/shells/web", "electron"],
  ["src/main/shells/cli", "electron"],
  ["src/main/shells/cli", "#testing/servers.ts"],
  ["src/main/shells/electron/window", "better-sqlite3"],
  ["src/main/shells/electron/window", "../guard/permissions.ts"],
  ["src/main/features/scans", "electron"],
  ["src/renderer/features/certificates", "../scans/page.tsx"],
  ["src/renderer/features/certificates", "#renderer/features/scans/page.tsx"],
  ["src/renderer/features/certificates", "node:fs"],
  ["src/renderer/ui", "#renderer/api/connection.ts"],
  ["src/renderer/api", "#app"],
] as const;

test("Biome refuses every import that its layer's list does not name", async () => {
  await using folder = await makeTemporaryFolder();
  await copyFile("biome.json", join(folder.path, "biome.json"));
  await cp("scripts/lint", join(folder.path, "scripts/lint"), { recursive: true });
  const seeds = FORBIDDEN.map(([layer], index) => join(folder.path, layer, `seed-${index}.ts`));
  for (const [index, seed] of seeds.entries()) {
    await mkdir(dirname(seed), { recursive: true });
    await writeFile(seed, `import "${FORBIDDEN[index]?.[1]}";\n`);
  }

  const biome = resolve("node_modules/@biomejs/biome/bin/biome");
  const args = [
    biome,
    "lint",
    "--only=style/noRestrictedImports",
    "--reporter=github",
    "--max-diagnostics=none",
  ];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder.path, encoding: "utf8" });

  const refused = [...stdout.matchAll(/noRestrictedImports,file=([^,]+)/g)].map(([, file = ""]) =>
    resolve(folder.path, file),
  );
  expect(refused.toSorted()).toEqual(seeds.toSorted());
});
