import { z } from "zod";

/** What carries a login: ssh2, which is built in, or OpenSSH's own client, the `ssh` of this computer. */
export const Transport = z.enum(["ssh2", "system"]);
export type Transport = z.infer<typeof Transport>;

/** `auto`: ssh2, and OpenSSH's where ssh_config asks for what only that does, or where only that can log in. */
export const TransportRequest = z.enum(["auto", ...Transport.options]);
export type TransportRequest = z.infer<typeof TransportRequest>;
