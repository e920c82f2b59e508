import type { LatchkeyClient } from "#shared/contract/index.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** A known host by its name alone, if it is scanned on one port, or with the port. */
export async function findHost(
  name: string,
  client: LatchkeyClient,
): Promise<{ host: string; port: number }> {
  const { rows } = await client.hosts.list({ search: name, limit: 1_000 });
  const named = rows.filter(({ host, port }) =>
    [host, `${host}:${port}`, `[${host}]:${port}`].includes(name),
  );
  const [first, ...others] = named;
  if (!first) throw new Refusal("not-found", `${name} is not a known host; latchkey hosts lists them`);
  if (others.length > 0)
    throw new Refusal("invalid-input", `${name} is known on several ports; name it as HOST:PORT`);
  return { host: first.host, port: first.port };
}
