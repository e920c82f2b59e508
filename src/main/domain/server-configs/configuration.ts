/** The servers whose configuration is read. `mysql` is MariaDB as well. */
export type ServerKind =
  | "nginx"
  | "apache"
  | "haproxy"
  | "postfix"
  | "dovecot"
  | "slapd"
  | "postgresql"
  | "mysql"
  | "sshd";

/** The files of one server's configuration. Paths are as the server names them, with links unresolved. */
export type ConfigurationFiles = {
  server: ServerKind;
  /** The file with which the server begins: /etc/nginx/nginx.conf. */
  root: string;
  /** Text by path. Lines with a secret are empty, and not removed: line numbers are those on the host. */
  files: ReadonlyMap<string, string>;
  /** Each folder that was listed, and all names in it. A folder that is missing here may contain anything. */
  folders: ReadonlyMap<string, readonly string[]>;
  /** Files, folders and patterns that exist and could not be read; a file that is also in `files` was read in part. */
  unreadable: readonly string[];
  /** Whether it was read because a running process was started with it, and not as the usual one of that server. */
  isStarted?: boolean;
  /**
   * For PEM files that were read whole: a letter for each private key (k, or e where it is encrypted or in a format of
   * SSH) and each certificate (c), in their order. Missing where no file's order is known.
   */
  pemOrders?: ReadonlyMap<string, string>;
  /** The arguments of each running process of that server, its name first; empty where none is known. */
  commandLines: readonly (readonly string[])[];
  /** The host's own addresses without loopback; empty or missing where they are not known. */
  addresses?: readonly string[] | null;
  /** The host's own name; missing where it is not known. */
  hostName?: string | null;
};

/** `line` counts from 1. */
export type Location = { file: string; line: number };

/** A file that a directive names. `path` is absolute, by the server's rule for relative ones, with links unresolved. */
export type Named = { path: string; directive: string; at: Location };

/** The use of a file that the configuration names and the server never presents. */
export type Role =
  | "client-ca"
  | "crl"
  | "dhparam"
  | "chain"
  | "ssh-ca"
  | "ssh-host-certificate"
  | "revoked-keys"
  | "upstream-certificate"
  | "upstream-key"
  | "upstream-ca"
  | "other";

/**
 * `address`: "0.0.0.0" for every address of IPv4, "::" for every one of IPv6, null for every one of both; otherwise
 * an address, IPv6 without brackets, or a name as written. `isDefault`: the binding answers where no name matches.
 */
export type Listen = { address: string | null; port: number; isDefault: boolean };

/**
 * `key` null: the configuration does not say where the key is; it names the certificate's file where that has the key.
 * `copiedBy`: the command that copies both into what the server reads; without it, the server reads the files
 * themselves. `problem`: why the server can use none of these chain files: a certificate comes before the first private
 * key, or no certificate follows a key.
 */
export type Deployment = {
  certificate: Named;
  key: Named | null;
  copiedBy?: string;
  problem?: "key-not-first" | "key-alone";
};

/**
 * Settings that decide which keys can be used. `ciphers`: a list in OpenSSL's format; null: none is set, and the
 * server's default allows any key. `versions`: as the server writes them; null: none are set, or they differ between
 * bindings of one listener.
 */
export type TlsSettings = { ciphers: string | null; versions: readonly string[] | null };

/** One set of names at some listeners, and the certificates that the server presents there. */
export type TlsBinding = {
  /** TCP only: Unix sockets and QUIC are left out. */
  listens: Listen[];
  /** As written: `www.example.com`, `*.example.com`, `~^www\d+`. Empty: any name. */
  names: string[];
  /** The binding has no names of its own, and those in the certificate count (HAProxy). */
  namesFromCertificate: boolean;
  /**
   * A further name, which the server looks up when it starts (Apache, without a ServerName): it begins with this label,
   * in lower case; null: it may be any.
   */
  lookedUpName?: { label: string | null };
  /** "tls" for TLS from the start; else the STARTTLS protocol: smtp, lmtp, imap, pop3, sieve, ldap, postgres, mysql. */
  protocol: string;
  /** Several where a server has several key types, or several files to choose from. */
  deployments: Deployment[];
  /** A file that only adds to the chain (SSLCertificateChainFile). */
  chain: Named | null;
  /** Why `deployments` do not decide what the server presents there: then nothing counts as a mismatch. */
  unsure: string | null;
  /** Missing where it is not read, as for other servers. */
  tls?: TlsSettings;
  /** The line that opens it: `server {`, `<VirtualHost>`, `bind`, `inet_listener`, a service of master.cf. */
  at: Location;
};

/** The content of one server's configuration, and what is unknown about it. */
export type Configuration = {
  server: ServerKind;
  root: string;
  /** As in `ConfigurationFiles`; missing in stored maps from before this field existed. */
  isStarted?: boolean;
  bindings: TlsBinding[];
  /** Where the server listens without TLS, although another binding may have TLS at every address of that port. */
  plain?: { address: string | null; port: number }[];
  /** As in `ConfigurationFiles`. */
  addresses?: readonly string[] | null;
  /** Why further bindings may exist (`onlyForNames`: none of them a default); null: these are all. */
  incomplete: { why: string; onlyForNames: boolean } | null;
  /** Files that are named and never presented, so that none of them counts as forgotten. */
  alsoNamed: (Named & { role: Role })[];
  /** What is not known, as a phrase, and where. */
  unknown: { what: string; at: Location | null }[];
};
