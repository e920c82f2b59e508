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

/** What was found of one server's configuration. Paths are as the server names them, links not followed. */
export type ConfigurationFiles = {
  server: ServerKind;
  /** Where the server begins to read: /etc/nginx/nginx.conf. */
  root: string;
  /** Text by path. Lines that hold a secret are empty, and not gone: line numbers are those on the host. */
  files: ReadonlyMap<string, string>;
  /** Each folder that was listed, and all names in it. What is not here may hold anything. */
  folders: ReadonlyMap<string, readonly string[]>;
  /** Files, folders and patterns that are there and could not be read; of a file that stands in `files`, a part of it. */
  unreadable: readonly string[];
  /** Whether it is read because a running process was started with it, and not as the usual one of that server. */
  isStarted?: boolean;
  /**
   * Of PEM files that were read whole: a letter for each private key (k, or e where it is encrypted or of a kind for SSH) and each
   * certificate (c), in their order. Not there where it is not known of any.
   */
  pemOrders?: ReadonlyMap<string, string>;
  /** The arguments of each running process of that server, its own name first; none where none is known. */
  commandLines: readonly (readonly string[])[];
  /** The host's own addresses, but those that it has for itself alone; none where they are not known. */
  addresses?: readonly string[] | null;
  /** As the host calls itself; none where it is not known. */
  hostName?: string | null;
};

/** `line` counts from 1. */
export type Location = { file: string; line: number };

/** A file as a directive names it. `path` is absolute, by that server's rule for relative ones; links stand. */
export type Named = { path: string; directive: string; at: Location };

/** What a file is for that is named and never served. */
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
 * an address, IPv6 without brackets, or a name as it is written. `isDefault`: served there where no name fits.
 */
export type Listen = { address: string | null; port: number; isDefault: boolean };

/**
 * `key` null: it is not said where the key is. One that stands in the certificate's own file is named as that file. `copiedBy`: the
 * command that copies both into what the server reads; without one it reads the files themselves. `flaw`: why the server can use no file of
 * its row: a certificate stands before the first private key, or behind a key there is none.
 */
export type Deployment = {
  certificate: Named;
  key: Named | null;
  copiedBy?: string;
  problem?: "key-not-first" | "key-alone";
};

/**
 * What is said of which keys are taken. `ciphers`: a list as OpenSSL reads it; null: none is said, and the server's own takes any key.
 * `versions`: as the server writes them; null: none are said, or not for these listeners alone.
 */
export type TlsSettings = { ciphers: string | null; versions: readonly string[] | null };

/** One set of names at some listeners, and the certificates that are to be served there. */
export type TlsBinding = {
  /** TCP only: sockets of Unix and QUIC are left out. */
  listens: Listen[];
  /** As written: `www.example.com`, `*.example.com`, `~^www\d+`. None: whatever name is asked for. */
  names: string[];
  /** Without names of its own, those in the certificate choose (HAProxy). */
  namesFromCertificate: boolean;
  /**
   * It has one name more, which its server looks up when it starts (Apache, without a ServerName): one that begins with this label, in small
   * letters; null: it may be any.
   */
  lookedUpName?: { label: string | null };
  /** "tls" for TLS at once; otherwise the STARTTLS negotiation that leads to it: smtp, lmtp, imap, pop3, sieve, ldap, postgres, mysql. */
  protocol: string;
  /** Several where a server has keys of several kinds, or several files in a row to choose from. */
  deployments: Deployment[];
  /** A file that only adds to the chain (SSLCertificateChainFile). */
  chain: Named | null;
  /** Why `deployments` alone do not tell what is served there; nothing may then be called a mismatch. */
  unsure: string | null;
  /** Not there where it is not read, as of servers of other kinds. */
  tls?: TlsSettings;
  /** The line that opens it: `server {`, `<VirtualHost>`, `bind`, `inet_listener`, a service of master.cf. */
  at: Location;
};

/** What one server's configuration says, and what it leaves open. */
export type Configuration = {
  server: ServerKind;
  root: string;
  /** As in `ConfigurationFiles`; not there in maps of before it was kept. */
  isStarted?: boolean;
  bindings: TlsBinding[];
  /** Where it listens and speaks no TLS, though it may at every address of that port. */
  plain?: { address: string | null; port: number }[];
  /** As in `ConfigurationFiles`. */
  addresses?: readonly string[] | null;
  /** Why there may be more bindings than these, of which `onlyForNames` none is a default; null: these are all. */
  incomplete: { why: string; onlyForNames: boolean } | null;
  /** Files that are named and never served, so that none of them counts as forgotten. */
  alsoNamed: (Named & { role: Role })[];
  /** What could not be told, as a phrase, and where. */
  unknown: { what: string; at: Location | null }[];
};
