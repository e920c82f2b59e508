import { formatHost } from "./plan.ts";

/** `deploy@web1`, `deploy@web1:2222`. */
export const formatAccount = ({
  host,
  port,
  account,
}: {
  host: string;
  port: number;
  account: string;
}): string => `${account}@${formatHost({ host, port })}`;
