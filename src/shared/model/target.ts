import { z } from "zod";
import { Protocol } from "./starttls.ts";

/** A name or an address as the user wrote it; an IPv6 address has no brackets here. */
export const HostName = z.string().min(1).max(253);
export const Port = z.int().min(1).max(65_535);

/** A host to log in to and read. `user` null: the name of this workstation's user. */
export const SshTarget = z.object({
  kind: z.literal("ssh"),
  host: HostName,
  port: Port,
  user: z.string().min(1).max(256).nullable(),
});
export type SshTarget = z.infer<typeof SshTarget>;

/** An endpoint to greet. `serverName` null: the host itself when it is a name, none when it is an address. */
export const TlsTarget = z.object({
  kind: z.literal("tls"),
  host: HostName,
  port: Port,
  serverName: HostName.nullable(),
  /** What is spoken there before TLS. */
  protocol: Protocol.default("tls"),
});
export type TlsTarget = z.infer<typeof TlsTarget>;

export const Target = z.discriminatedUnion("kind", [SshTarget, TlsTarget]);
export type Target = z.infer<typeof Target>;

/** A range is expanded to at most so many targets; a larger one is refused before any is made. */
export const MOST_TARGETS = 65_536;

/** Whether a host is named by its address, of IPv4 or IPv6. */
export const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

/** The server name that a hello carries (RFC 6066 section 3: names only, no final dot); null for none. */
export const serverNameOf = ({ host, serverName }: TlsTarget): string | null => {
  const name = (serverName ?? host).replace(/\.$/, "");
  return isAddress(name) ? null : name;
};
