import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, type Locator } from "@playwright/test";
import {
  type RenewedFile,
  type RenewedFilesHost,
  startRenewedFilesHost,
} from "#testing/lab/start-servers-host.ts";
import { type LeafQuery, probeByCommand } from "#testing/servers-oracle/probe-leaf.ts";
import { environmentOf } from "../stages/stage.ts";
import type { Frame } from "./frame.ts";
import { makeHome } from "./renewal-lab.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

type Shown = Pick<LeafQuery, "port" | "protocol" | "name" | "takes">;

/** The handshake that gets the certificate of each file. */
const HANDSHAKES: { [file in RenewedFile]: Shown } = {
  "shop-rsa": { port: 443, protocol: "tls", name: "shop.lab", takes: ["RSA"] },
  "shop-ec": { port: 443, protocol: "tls", name: "shop.lab", takes: ["ECDSA"] },
  api: { port: 9443, protocol: "tls", name: "api.lab", takes: ["ECDSA"] },
  pay: { port: 9443, protocol: "tls", name: "pay.lab", takes: ["ECDSA"] },
  "mail-rsa": { port: 25, protocol: "smtp", name: "mail.lab", takes: ["RSA"] },
  "mail-ec": { port: 25, protocol: "smtp", name: "mail.lab", takes: ["ECDSA"] },
  "relay-rsa": { port: 587, protocol: "smtp", name: "relay.lab", takes: ["RSA"] },
  "relay-ec": { port: 587, protocol: "smtp", name: "relay.lab", takes: ["ECDSA"] },
};

export type RenewedFilesLab = AsyncDisposable & {
  database: string;
  host: RenewedFilesHost;
  home: string;
  /** What the program prints in the terminal. */
  say(...args: string[]): Promise<string>;
  /** Waits until OpenSSL gets the old or the new certificate. */
  untilServed(file: RenewedFile, issue: "old" | "new"): Promise<void>;
  /** Scans the host and all that it serves, from the scan dialog. */
  scanAll(frame: Frame): Promise<void>;
};

/** A host with eight certificates of three servers, and a database into which the host alone was scanned. */
export async function startRenewedFilesLab(): Promise<RenewedFilesLab> {
  await using stack = new AsyncDisposableStack();
  const { home, database, prepare } = await makeHome(stack);
  const host = stack.use(await startRenewedFilesHost(prepare));
  const say = async (...args: string[]) =>
    (await run(process.execPath, [PROGRAM, "--db", database, ...args], { env: environmentOf(home) })).stdout;
  await say("scan", `root@${host.address}`, "--accept-new");
  const places = new Set(
    Object.values(HANDSHAKES).map(
      ({ port, protocol, name }) =>
        `${protocol === "tls" ? "" : `${protocol}://`}${host.address}:${port}/${name}`,
    ),
  );
  const targets = [`root@${host.address}`, ...places];
  const owned = stack.move();
  return {
    database,
    home,
    host,
    say,
    untilServed: async (file, issue) => {
      const meant = await host.fingerprintOf(file, issue);
      const question = { host: host.address, ...HANDSHAKES[file], version: "TLSv1.3" as const };
      await expect.poll(() => probeByCommand(question), { timeout: 120_000 }).toBe(meant);
    },
    scanAll: async (frame) => {
      const dialog = await frame.openScanDialog();
      await dialog.scan(targets);
      await expect(dialog.progress).toContainText(`${targets.length} of ${targets.length} scanned`);
      await frame.press("Escape");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The line of one file in a list of what is served. */
export const lineOf = (drawer: Locator, path: string): Locator =>
  drawer.getByRole("listitem").filter({ hasText: `names ${path}` });
