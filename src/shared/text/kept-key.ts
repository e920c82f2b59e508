import type { KeptKey } from "../model/run.ts";
import { formatHost } from "./plan.ts";

/** Where an old private key lies that a run has kept. */
export const formatKeptKey = ({ host, port, kept }: KeptKey): string =>
  host === null || port === null ? `${kept} on this computer` : `${kept} on ${formatHost({ host, port })}`;
