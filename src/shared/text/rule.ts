import type { RuleId } from "../model/finding.ts";

const TITLES: Record<RuleId, string> = {
  "certificate-expired": "Expired certificate",
  "certificate-expiring": "Certificate expires soon",
  "certificate-not-yet-valid": "Certificate not yet valid",
  "certificate-weak-key": "Weak certificate key",
  "certificate-weak-signature": "Weak certificate signature",
  "certificate-self-signed": "Self-signed at an endpoint",
  "certificate-name-mismatch": "Name does not match",
  "grant-for-root": "Direct login as root",
  "grant-orphaned": "Orphaned grant",
  "grant-since-baseline": "New and not approved",
  "approval-due": "Approval to be reviewed",
  "key-obsolete": "Obsolete SSH key type",
  "key-weak": "Weak SSH key",
  "key-leaked": "Published private key",
  "key-on-several-accounts": "One key, several accounts",
  "key-file-without-passphrase": "Key without passphrase",
  "key-file-readable-by-others": "Key others can read",
  "host-key-changed": "Host key changed",
  "host-key-leaked": "Published host key",
};

/** A rule as a heading of what fails. */
export const sayRule = (rule: RuleId): string => TITLES[rule];
