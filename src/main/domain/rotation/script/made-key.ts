import { hash } from "node:crypto";
import { keepsOldHalves } from "#domain/rotation/run/left-out-files.ts";
import {
  type AccessHost,
  type AccessPlan,
  type HolderPlan,
  type NewKey,
  newKeyOf,
  oldKeyOf,
  RSA_BITS,
} from "#shared/model/plan.ts";
import type { RunFile } from "#shared/model/run.ts";
import { quote, toPrintf } from "./shell-words.ts";

/** A key that a script makes: where its host has the old one. */
type Made = { newKey: Extract<NewKey, { kind: "made-on-holder" }>; holder: HolderPlan };

/** Of the host that the plan has the new key made on. */
export function holderOf(plan: AccessPlan, { host, port, holders }: AccessHost): Made | null {
  const newKey = newKeyOf(plan);
  if (newKey?.kind !== "made-on-holder" || newKey.host !== host || newKey.port !== port) return null;
  const holder = holders.find((one) => one.path === newKey.path && one.before !== null);
  return holder ? { newKey, holder } : null;
}

/** How long `type base64` of a new key is, and how many bits ssh-keygen is asked for; 0: as many as usual. */
const SIZES: Record<string, { length: number; bits: number }> = {
  ed25519: { length: 80, bits: 0 },
  ecdsa: { length: 160, bits: 0 },
  rsa: { length: 552, bits: RSA_BITS },
};

function sizeOf(plan: AccessPlan) {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "made-on-holder" ? (SIZES[newKey.keyType] ?? null) : null;
}

/** Stands for a key that the script has yet to make: as long, of bytes that no key and no line has. */
export function standIn(plan: AccessPlan): string | null {
  const size = sizeOf(plan);
  return size && Array.from({ length: size.length }, (_, at) => String.fromCharCode(1 + (at % 7))).join("");
}

/** Stands for such a key where lines are read: well-formed, other than every key that anybody has, the same for the same nonce. */
export function standInKey(nonce: string): string {
  const fields = [Buffer.from("ssh-ed25519"), hash("sha256", `latchkey-stand-in ${nonce}`, "buffer")];
  const blob = Buffer.concat(fields.flatMap((field) => [Buffer.from([0, 0, 0, field.length]), field]));
  return `ssh-ed25519 ${blob.toString("base64")}`;
}

/** Words of a script in which the key stands that it makes. */
export function withMadeKey(plan: AccessPlan, words: string): string {
  const key = standIn(plan);
  return key === null ? words : words.replaceAll(toPrintf(Buffer.from(key)), `'"$key_line"'`);
}

export function sayHolder(
  { plan, newKey, leftOut }: { plan: AccessPlan; newKey: string | null; leftOut: readonly RunFile[] },
  made: Made | null,
): string[] {
  const size = sizeOf(plan);
  if (!made || !size) return [`holder_path= key_line=${quote(newKey ?? "")}`];
  const { path, before, mode, hasPublicFile } = made.holder;
  const tail = Buffer.from(`${made.newKey.comment && ` ${made.newKey.comment}`}\n`);
  return [
    `holder_path=${quote(path)} holder_before=${before} holder_mode=${quote(mode)}`,
    `holder_key=${quote(oldKeyOf(plan) ?? "")}`,
    `holder_public=${quote(hasPublicFile ? toPrintf(tail) : "")} holder_keeps=${keepsOldHalves(plan, leftOut) ? "yes" : "no"}`,
    `key_type=${quote(made.newKey.keyType)} key_bits=${size.bits} key_length=${size.length}`,
    `key_comment=${quote(made.newKey.comment)} key_line=${quote(newKey ?? "")}`,
  ];
}
