import type { LatchkeyClient } from "#shared/contract/index.ts";
import { Refusal } from "#shared/model/refusal.ts";

type Place = { host: string; port: number; account: string };

/** `user@host`, `user@host:port`: hosts by the names and ports that they are known by. */
export async function readPlaces(words: readonly string[], client: LatchkeyClient): Promise<Place[]> {
  const places: Place[] = [];
  for (const word of words) places.push(await readPlace(word, client));
  return places;
}

async function readPlace(word: string, client: LatchkeyClient): Promise<Place> {
  const at = word.lastIndexOf("@");
  if (at <= 0 || at === word.length - 1)
    throw new Refusal("invalid-input", `${word} is no account of a host; write user@host`);
  const name = word.slice(at + 1);
  const { rows } = await client.hosts.list({ search: name.replace(/^\[|\]?:\d+$|\]$/g, "") });
  const [host, ...others] = rows.filter((row) =>
    [row.host, `${row.host}:${row.port}`, `[${row.host}]:${row.port}`].includes(name),
  );
  if (!host) throw new Refusal("not-found", `${name} is not known as a host; scan it first`);
  if (others.length > 0)
    throw new Refusal("invalid-input", `${name} is known on several ports; write ${word}:PORT`);
  return { host: host.host, port: host.port, account: word.slice(0, at) };
}
