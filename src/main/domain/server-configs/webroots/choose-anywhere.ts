import { type Choice, chooseServing } from "#domain/server-configs/choose-serving.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";

const EVERY = new Set([null, "0.0.0.0", "::"]);

/**
 * Which server answers for a name at a port, wherever an authority comes in: by which address that is, nobody can tell from
 * here. Where servers at different addresses answer, the one that knows the name is meant.
 */
export function chooseAnywhere(configuration: Configuration, port: number, name: string): Choice {
  const listened = configuration.servings
    .flatMap(({ listens }) => listens)
    .filter((listen) => listen.port === port)
    .map(({ address }) => (EVERY.has(address) ? null : address));
  const choices = [...new Set(listened)].map((address) =>
    chooseServing(configuration, { address, port, name }, () => null),
  );
  const open = choices.find(({ kind }) => kind === "unsure");
  if (open) return open;
  const chosen = choices.filter((choice) => choice.kind === "chosen");
  const named = chosen.filter(({ by }) => by !== "default");
  const [first, ...others] = named.length > 0 ? named : chosen;
  if (!first) return { kind: "none" };
  if (others.every(({ serving }) => serving === first.serving)) return first;
  return { kind: "unsure", why: `several servers are there for ${name}, each at another address` };
}
