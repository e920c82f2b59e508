import type { RuleId } from "../model/finding.ts";

/** BR: the CA/Browser Forum's Baseline Requirements for TLS server certificates. */
const REFERENCES: Record<RuleId, string> = {
  "certificate-expired": "RFC 5280, 4.1.2.5 (validity)",
  "certificate-expiring": "RFC 5280, 4.1.2.5 (validity)",
  "certificate-not-yet-valid": "RFC 5280, 4.1.2.5 (validity)",
  "certificate-weak-key": "NIST SP 800-57 part 1, 5.6.1 (112 bits of security); BR 6.1.5",
  "certificate-weak-signature": "RFC 6194 (SHA-1), RFC 6151 (MD5); BR 7.1.3.2, without SHA-1 from 2026-09-15",
  "certificate-self-signed": "RFC 5280, 6.1 (path validation)",
  "endpoint-addresses-differ": "RFC 1034, 3.6 (one name, several addresses)",
  "certificate-name-mismatch": "RFC 9525, 6 (verifying service identity)",
  "certificate-not-reloaded": "NIST SP 1800-16, volume B (certificate installation and verification)",
  "endpoint-other-certificate": "NIST SP 1800-16, volume B (certificate installation and verification)",
  "certificate-file-unnamed": "NIST SP 1800-16, volume B (certificate inventory)",
  "certificate-without-key": "NIST SP 1800-16, volume B (certificate installation and verification)",
  "certificate-key-mismatch": "RFC 8446, 4.4.3 (the server proves that it has the key)",
  "tls-key-without-certificate": "NIST SP 800-57 part 1, 8.3.4 (destroying keys)",
  "keystore-default-password": "CWE-1393 (use of default password)",
  "certificate-lifetime-over-limit": "BR 6.3.2 (ballot SC-081v3): 200, 100 and 47 days",
  "certificate-client-auth-ends": "Chrome Root Program Policy 1.8: serverAuth alone from 2027-03-15",
  "certificate-changed": "NIST SP 1800-16 (TLS server certificate management)",
  "certificate-key-shared": "NIST SP 800-57 part 1, 5.2 (key usage)",
  "certificate-key-kept": "NIST SP 800-57 part 1, 5.3 (cryptoperiods)",
  "certificate-wildcard-spread": "RFC 9525, 7.1 (wildcard certificates)",
  "certificate-key-is-ssh-key": "NIST SP 800-57 part 1, 5.2 (key usage)",
  "endpoint-key-exchange-classical": "RFC 10024 (X25519MLKEM768 in TLS 1.3)",
  "grant-for-root": "sshd_config(5), PermitRootLogin",
  "grant-orphaned": "NIST IR 7966 (access management using SSH)",
  "grant-since-baseline": "NIST IR 7966 (access management using SSH)",
  "approval-due": "NIST IR 7966 (access management using SSH)",
  "key-obsolete": "OpenSSH 10.0 release notes (ssh-dss removed)",
  "key-weak": "NIST SP 800-57 part 1, 5.6.1 (112 bits of security)",
  "key-leaked": "CWE-321 (hard-coded cryptographic key)",
  "key-on-several-accounts": "NIST IR 7966 (access management using SSH)",
  "key-file-without-passphrase": "NIST IR 7966 (access management using SSH)",
  "key-file-readable-by-others": "ssh(1), FILES: ssh ignores a private key that others can read",
  "host-key-changed": "RFC 4251, 4.1 (host keys)",
  "host-key-leaked": "CWE-321 (hard-coded cryptographic key)",
  "host-key-shared": "RFC 4251, 4.1 (host keys)",
};

/** The standard, or the document, that a rule goes back to. */
export const sayReference = (rule: RuleId): string => REFERENCES[rule];
