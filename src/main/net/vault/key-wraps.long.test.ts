import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { COST, typed } from "./testing/typed.ts";
import { createVault } from "./vault-client.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "testing/use-keyring.ts");
const NONE = "the system's keyring does not open this vault; unlock it with the passphrase";

test("GNOME's keyring opens a vault while it is told to, and no longer", async () => {
  await using folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, "run"), { recursive: true, mode: 0o700 });
  // A daemon for this session alone; it ends with the session's bus.
  const script = `
    echo -n password | gnome-keyring-daemon --unlock --components=secrets >/dev/null
    exec "$1" "$2" "$3"`;
  const args = ["--", "sh", "-c", script, "sh", process.execPath, PROGRAM, join(folder.path, "a.vault")];
  const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
  const { stdout } = await run("dbus-run-session", args, { env, timeout: 120_000 });
  expect(JSON.parse(stdout)).toEqual([NONE, "the secret", "passphrase keyring", NONE, "locked"]);
});

test("where there is no keyring that is said, and the vault is as it was", async () => {
  await using folder = await makeTemporaryFolder();
  const { DBUS_SESSION_BUS_ADDRESS: bus } = process.env;
  delete process.env.DBUS_SESSION_BUS_ADDRESS;
  try {
    await using vault = createVault({ path: join(folder.path, "a.vault"), cost: COST });
    await vault.create(typed("the passphrase"), null);
    await expect(vault.setKeyring(true)).rejects.toThrow(/has no keyring that can be used \(.*\); use the/);
    expect((await vault.status()).wraps.map(({ kind }) => kind)).toEqual(["passphrase"]);
  } finally {
    if (bus !== undefined) process.env.DBUS_SESSION_BUS_ADDRESS = bus;
  }
});
