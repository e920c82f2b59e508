/** What a login by OpenSSH's own client needs to know beyond what one by ssh2 does. */
export type ClientLogin = {
  /** HostName of ssh_config, or the name itself. */
  address: string;
  hostKeyAlias: string | null;
  agentSocket: string | null;
  /** The command that leads there, as ssh_config has it, and where that stands. */
  proxyCommand: { value: string; location: string } | null;
  /** Absolute paths. */
  certificateFiles: readonly string[];
  pkcs11Provider: string | null;
  securityKeyProvider: string | null;
  gssapi: boolean;
};

/** A key, or a certificate, that OpenSSH's client can log in with: in a file, or by its public half in the agent. */
export type ClientKey = { keyType: string; fingerprint: string } & (
  | { kind: "file"; path: string }
  | { kind: "agent"; blob: Uint8Array }
);

/** sshd counts each against MaxAuthTries (6). */
export const MOST_CLIENT_KEYS = 5;
