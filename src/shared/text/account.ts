import { sayHost } from "./plan.ts";

/** `deploy@web1`, `deploy@web1:2222`. */
export const sayAccount = ({
  host,
  port,
  account,
}: {
  host: string;
  port: number;
  account: string;
}): string => `${account}@${sayHost({ host, port })}`;
