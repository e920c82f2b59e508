/**
 * The ssh_config of one login by OpenSSH's own client. It is the only one that is read (ssh -F), so that nothing holds
 * that is not written here: no Match exec, no forwarding, no shared connection, no known_hosts but ours.
 */
import { WANTED_OF_DEBUG } from "./client-log.ts";
import type { ClientLogin } from "./client-login.ts";

export type ClientConfig = Omit<ClientLogin, "agentSocket"> & {
  port: number;
  user: string;
  hostKeyTypes: readonly string[];
  connectMs: number;
  identityFiles: readonly string[];
  agentSocket: string | null;
  /** Holds the keys that are trusted for this host, and no others. */
  knownHostsFile: string;
  /** A program that makes symbolic links, and the folder in which it leaves the key that the host presents. */
  record: { program: string; folder: string } | null;
};

const FIXED = `BatchMode yes
StrictHostKeyChecking yes
UpdateHostKeys no
GlobalKnownHostsFile none
CheckHostIP no
VerifyHostKeyDNS no
NoHostAuthenticationForLocalhost no
CanonicalizeHostname no
ControlMaster no
ControlPath none
ClearAllForwardings yes
ForwardAgent no
ForwardX11 no
Tunnel no
PermitLocalCommand no
EscapeChar none
RequestTTY no
AddKeysToAgent no
IdentitiesOnly yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIDelegateCredentials no
NumberOfPasswordPrompts 0
ConnectionAttempts 1
ServerAliveInterval 5
ServerAliveCountMax 2
FingerprintHash sha256
LogLevel VERBOSE`;

/** Older clients, and those without Kerberos, do not know all that is written here. */
const IGNORED = [
  "KnownHostsCommand",
  "LogVerbose",
  "GSSAPI*",
  "SecurityKeyProvider",
  "KbdInteractiveAuthentication",
];

/** Throws for a value that no line of ssh_config can hold. */
export function writeClientConfig(config: ClientConfig): string {
  const { proxyCommand, record } = config;
  return [
    `IgnoreUnknown ${IGNORED.join(",")}`,
    FIXED,
    `LogVerbose ${WANTED_OF_DEBUG}`,
    `HostName ${word(config.address)}`,
    `Port ${config.port}`,
    `User ${word(config.user)}`,
    ...(config.hostKeyAlias === null ? [] : [`HostKeyAlias ${word(config.hostKeyAlias)}`]),
    `HostKeyAlgorithms ${config.hostKeyTypes.join(",")}`,
    `ConnectTimeout ${Math.max(1, Math.ceil(config.connectMs / 1_000))}`,
    `UserKnownHostsFile ${file(config.knownHostsFile)}`,
    ...(record
      ? [`KnownHostsCommand ${file(record.program)} -s -- %K ${file(`${record.folder}/`, "%I")}`]
      : []),
    `IdentityAgent ${config.agentSocket === null ? "none" : file(config.agentSocket)}`,
    ...(config.identityFiles.length > 0 ? config.identityFiles : ["none"]).map(
      (path) => `IdentityFile ${path === "none" ? path : file(path)}`,
    ),
    ...config.certificateFiles.map((path) => `CertificateFile ${file(path)}`),
    ...(config.pkcs11Provider === null ? [] : [`PKCS11Provider ${word(config.pkcs11Provider)}`]),
    ...(config.securityKeyProvider === null
      ? []
      : [`SecurityKeyProvider ${word(config.securityKeyProvider)}`]),
    `GSSAPIAuthentication ${config.gssapi ? "yes" : "no"}`,
    ...(proxyCommand ? [`ProxyCommand ${oneLine(proxyCommand.value)}`] : []),
    "",
  ].join("\n");
}

/** Another line would be another directive. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error("a value of ssh_config has more than one line");
  return text;
}

function word(text: string): string {
  if (text.includes('"')) throw new Error("a value of ssh_config has a quote");
  return `"${oneLine(text)}"`;
}

/** In a path, % begins what stands for something else. */
const file = (path: string, after = ""): string => word(path.replaceAll("%", "%%") + after);
