import { z } from "zod";

/**
 * How endpoints are reached: empty, directly; `socks5://[user@]host:port` or `http://[user@]host:port`, through that
 * proxy; `ssh://[user@]host[:port]`, through that jump host. No password is ever in it.
 */
export const WayText = z.string().max(600);
export type WayText = z.infer<typeof WayText>;

export const isJumpHost = (way: WayText): boolean => way.startsWith("ssh://");
