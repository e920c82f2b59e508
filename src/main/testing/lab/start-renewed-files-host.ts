import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServersHost, startServersHost } from "./start-servers-host.ts";

const SCRIPT = join(import.meta.dirname, "renewed-files.sh");

/**
 * Each is the name of a file that one server of the host reads: nginx by RSA and EC side by side at 443 (shop.lab), HAProxy from one
 * folder at 9443 (api.lab, pay.lab), Postfix by pairs of files at 25 (mail.lab) and by chain files at 587 (relay.lab).
 */
export type RenewedFile =
  | "shop-rsa"
  | "shop-ec"
  | "api"
  | "pay"
  | "mail-rsa"
  | "mail-ec"
  | "relay-rsa"
  | "relay-ec";

export type RenewedFilesHost = Omit<ServersHost, "renew"> & {
  /** Puts what was issued 40 days ago or yesterday into a file, and leaves its server alone. */
  put(file: RenewedFile, issue: "old" | "new"): Promise<void>;
  /** Takes a file away, leaves nothing that can be read in it, or puts the key of another certificate beside it. */
  lose(file: RenewedFile, how: "gone" | "unreadable" | "other-key"): Promise<void>;
  /** The SHA-256 of one of them, lower case. */
  fingerprintOf(file: RenewedFile, issue: "old" | "new"): Promise<string>;
};

/** A host where nginx, HAProxy and Postfix serve several certificates each, all of 40 days ago. `prepare`: shell text that runs before any of them. */
export async function startRenewedFilesHost(prepare: string): Promise<RenewedFilesHost> {
  const host = await startServersHost(["nginx", "haproxy", "postfix"], prepare);
  const script = await readFile(SCRIPT, "utf8");
  const run = (command: string) => host.run(`ADDRESS=${host.address}\n${script}\n${command}`);
  try {
    await run("issue_all 2>/dev/null");
    await run("configure_all");
    for (const server of ["nginx", "haproxy", "postfix"] as const) await host.reload(server);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...host,
    put: async (file, issue) => void (await run(`put ${file} ${issue}`)),
    lose: async (file, how) => void (await run(`lose ${file} ${how}`)),
    fingerprintOf: async (file, issue) => {
      const said = await run(`openssl x509 -in $ISSUED/${file}.${issue}.crt -noout -fingerprint -sha256`);
      return said.replace(/^.*=/, "").replaceAll(":", "").trim().toLowerCase();
    },
  };
}
