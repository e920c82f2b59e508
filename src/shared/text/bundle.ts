import type { BundleSignature } from "../model/bundle.ts";
import type { BundleView, ImportedBundle } from "../model/imported-bundle.ts";
import { sayCount } from "./count.ts";
import { sayPlace } from "./target.ts";

type Facts = Pick<BundleView, "host" | "port" | "isNewHost" | "readAs" | "accountCount" | "collectedAt">;

/** What a bundle is, for people. */
export function sayBundle({ host, port, isNewHost, readAs, accountCount, collectedAt }: Facts): string {
  const place = `${sayPlace({ host, port })}${isNewHost ? ", a new host" : ""}`;
  return `${place}: read as ${readAs}, ${sayCount(accountCount, "account")}, collected ${collectedAt}`;
}

/** What came of an import. */
export function sayImported(bundle: ImportedBundle): string {
  const { wasKnown, importedAt, state, message, signature } = bundle;
  if (wasKnown) return `already imported on ${importedAt}, as ${sayPlace(bundle)}; nothing has changed`;
  const part = state === "ok" ? "" : `; read in part: ${message}`;
  return `${sayBundle(bundle)}${part}; ${saySignature(signature)}`;
}

/** Who signed a bundle. */
export function saySignature(signature: BundleSignature): string {
  switch (signature.kind) {
    case "none":
      return "not signed";
    case "known":
      return `signed by ${signature.signer}, with ${signature.keyType} ${signature.fingerprint}`;
    case "gone":
      return `signed by ${signature.signer}, who has left, with ${signature.keyType} ${signature.fingerprint}`;
    case "unknown":
      return `signed with ${signature.keyType} ${signature.fingerprint}, which nobody here is known by`;
    case "unsupported":
      return `its signature was not checked: ${signature.why}`;
  }
}
