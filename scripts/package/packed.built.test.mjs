import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { extractAll, listPackage, statFile } from "@electron/asar";
import { FuseState, FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporaryFolder } from "../../src/main/testing/temporary-folder.ts";
import { findTool } from "../tools.mjs";
import { makeElectron, packDesktop } from "./pack-desktop.mjs";
import { afterPack, FUSES } from "./set-fuses.mjs";
import { converse, USED, useLatchkey } from "./use-latchkey.mjs";

/*
 * What can be proved of the desktop's packages without Electron's binary; `npm run build` comes first.
 * After a change on purpose, `vitest -u` writes packed.txt anew: read what it wrote.
 */
const run = promisify(execFile);
const isHere = process.platform === "linux" && process.arch === "x64";
const folder = await makeTemporaryFolder();
afterAll(() => folder.remove());

/** @type {Awaited<ReturnType<typeof packDesktop>>} */
let packed;
beforeAll(async () => {
  if (isHere) packed = await packDesktop(join(folder.path, "deb"), "--linux", "deb");
});

test.runIf(isHere)("a package holds what runs, and nothing else", async () => {
  const files = [...(await listFiles(packed.app)), ...listArchive(packed.archive)];
  const named = new Set(files.map(withoutHash).sort());
  await expect(`${[...named].join("\n")}\n`).toMatchFileSnapshot("packed.txt");
});

test.runIf(isHere)("what is packed is what was built, all of it", async () => {
  const content = join(folder.path, "content");
  extractAll(packed.archive, content);
  const files = await listFiles(join(content, "out"));
  expect(files).toEqual((await listFiles("out")).filter((file) => /^(main|preload|renderer)\//.test(file)));
  for (const file of files) {
    expect(await readFile(join(content, "out", file)), file).toEqual(await readFile(join("out", file)));
  }
  const { main, scripts, devDependencies } = JSON.parse(
    await readFile(join(content, "package.json"), "utf8"),
  );
  expect({ main, scripts, devDependencies }).toEqual({ main: "out/main/electron.js" });
});

test.runIf(isHere)("what is packed runs by itself", async () => {
  const content = join(folder.path, "alone");
  extractAll(packed.archive, content);
  const latchkey = (/** @type {readonly string[]} */ ...args) =>
    converse([process.execPath, join(content, "out/main/latchkey.js"), ...args], folder.path);
  expect(await useLatchkey(latchkey)).toEqual(USED);
});

test.runIf(isHere)("every fuse is set as it is meant to be", async () => {
  const { version, ...wire } = await getCurrentFuseWire(join(packed.app, "latchkey"));
  const { version: _, strictlyRequireAllFuses: __, ...meant } = FUSES;
  expect(version).toBe("1");
  expect(wire).toEqual(
    Object.fromEntries(
      Object.entries(meant).map(([fuse, isOn]) => [fuse, isOn ? FuseState.ENABLE : FuseState.DISABLE]),
    ),
  );
  expect(Object.keys(wire)).toHaveLength(Object.keys(FuseV1Options).length / 2);
});

test("a fuse that is new to us fails the build", async () => {
  const appOutDir = await makeElectron(join(folder.path, "newer"), "1011100110");
  const packager = { executableName: "electron", appInfo: { productFilename: "Latchkey" } };
  const context = { appOutDir, electronPlatformName: "linux", packager };
  await expect(
    afterPack(/** @type {import("electron-builder").AfterPackContext} */ (/** @type {unknown} */ (context))),
  ).rejects.toThrow("strictlyRequireAllFuses");
});

test.runIf(isHere)("the same build gives the same package, byte by byte", async () => {
  const again = await packDesktop(join(folder.path, "again"), "--linux", "dir");
  const files = await listFiles(again.app);
  for (const file of files) {
    expect(await readFile(join(again.app, file)), file).toEqual(await readFile(join(packed.app, file)));
  }
  // What only a deb has is added to the same folder.
  expect(await listFiles(packed.app)).toEqual([...files, "resources/apparmor-profile"].sort());
});

test.runIf(isHere)("a deb brings an entry for the menu that opens links, and says what it is", async () => {
  const [args, desktop] = [await packed.read("arguments"), await packed.read("desktop")];
  expect(args).toMatch(/^--name\nlatchkey\n--maintainer\nThe Latchkey maintainers </m);
  expect(args).toMatch(/=\/usr\/share\/icons\/hicolor\/512x512\/apps\/latchkey\.png$/m);
  expect(desktop).toMatchInlineSnapshot(`
    "[Desktop Entry]
    Name=Latchkey
    Exec=/opt/Latchkey/latchkey %U
    Terminal=false
    Type=Application
    Icon=latchkey
    StartupWMClass=latchkey
    Comment=Certificates and SSH keys: what expires, who can log in where, and which keys nobody owns
    MimeType=x-scheme-handler/latchkey;
    Categories=System;Security;
    "
  `);
});

test.runIf(isHere)("packing fetches nothing", async () => {
  expect(await listFiles(packed.home)).toEqual([]);
});

test("the same source gives the same build, byte by byte", async () => {
  const outDir = join(folder.path, "out");
  const args = ["build", "--logLevel", "error", "--ignoreConfigWarning", "--outDir", outDir];
  await run(process.execPath, [findTool("electron-vite"), ...args]);
  for (const file of await listFiles(outDir)) {
    expect(await readFile(join(outDir, file)), file).toEqual(await readFile(join("out", file)));
  }
});

/** @param {string} folder */
async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

/** @param {string} archive */
function listArchive(archive) {
  return listPackage(archive, { isPack: false })
    .map((path) => path.slice(1))
    .filter((path) => !("files" in statFile(archive, path)))
    .map((path) => `resources/app.asar/${path}`);
}

/**
 * How the bundler cuts the program in parts, and what their content hashes to, is its own business.
 *
 * @param {string} path
 */
function withoutHash(path) {
  return path
    .replace(/(?<=out\/main\/)[\w.-]+-[\w-]{8}\.js$/, "{part}.js")
    .replace(/-[\w-]{8}(?=\.(js|css|woff2)$)/, "-{hash}");
}
