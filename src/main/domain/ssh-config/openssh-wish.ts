import type { Answer } from "./resolve.ts";
import type { ClientKeyword } from "./settings.ts";
import type { OpensshRequest } from "./ssh-config.ts";

/** What ssh_config asks of OpenSSH's own client for one host; null where that is nothing. `expand`: null for a path that cannot be followed. */
export function findOpensshRequest(
  { forOpenssh, proxyCommand }: Answer,
  expand: (path: string) => string | null,
): OpensshRequest | null {
  const wanted = forOpenssh.filter(isWanted);
  if (wanted.length === 0 && !proxyCommand) return null;
  const find = (keyword: ClientKeyword) => wanted.filter(({ about }) => about === keyword);
  return {
    proxyCommand,
    certificateFiles: find("certificatefile").flatMap(({ value }) => expand(value) ?? []),
    pkcs11Provider: find("pkcs11provider")[0]?.value ?? null,
    securityKeyProvider: find("securitykeyprovider")[0]?.value ?? null,
    gssapi: find("gssapiauthentication").length > 0,
    isAskedByUser: wanted.some(({ isUser }) => isUser) || proxyCommand?.isUser === true,
  };
}

/** `internal` is what OpenSSH does with security keys anyway. */
const isWanted = ({ about, value }: { about: ClientKeyword; value: string }): boolean =>
  about === "gssapiauthentication" ? /^(yes|true)$/i.test(value) : !/^(none|internal)$/i.test(value);

/** What is to be known before anything is visited: sentences, and the places that they hold for. */
export function formatOpensshRequest(
  { forOpenssh, proxyCommand }: Answer,
  isJumpHost: boolean,
): { why: string; place: string }[] {
  const asked = forOpenssh.filter((setting) => setting.isUser && isWanted(setting));
  return [
    ...(proxyCommand && !isJumpHost
      ? [{ why: formatProxyCommand(proxyCommand), place: proxyCommand.place }]
      : []),
    ...asked.map(({ about, place }) => ({
      why: isJumpHost
        ? `${NAMES[about]} is not followed for a jump host`
        : `${NAMES[about]} is left to OpenSSH's ssh, which reads these hosts`,
      place,
    })),
  ];
}

const formatProxyCommand = ({ value, isUser }: NonNullable<Answer["proxyCommand"]>): string =>
  isUser
    ? `runs ProxyCommand ${value}, by OpenSSH's ssh`
    : `ProxyCommand ${value} is run only where the transport is system, for it is not of this user's own files`;

const NAMES: Record<ClientKeyword, string> = {
  certificatefile: "CertificateFile",
  pkcs11provider: "PKCS11Provider",
  securitykeyprovider: "SecurityKeyProvider",
  gssapiauthentication: "GSSAPIAuthentication",
};
