import { dormantBy, type Opinion, stateOf } from "./contribution.ts";

/** What one of several daemons makes of a line; its name is the command line that started it. */
export type DaemonOpinion = { name: string; opinion: Opinion };

/** A line works when any of the daemons takes it; which ones do is said where they differ. */
export function mergeDaemons(opinions: readonly DaemonOpinion[]): Opinion {
  const [first, ...others] = opinions;
  if (!first) throw new Error("no daemon was asked");
  const of = (state: ReturnType<typeof stateOf>) =>
    opinions.filter(({ opinion }) => stateOf(opinion) === state);
  const [yes, unknown] = [of("yes"), of("unknown")];
  const taking = yes.length > 0 ? yes : unknown;
  const best = widest(taking);
  if (best && taking.length === opinions.length) return best;
  if (best) {
    const said = `of ${opinions.length} sshd, ${taking.length === 1 ? "only one" : taking.length} ${yes.length > 0 ? "take" : "may take"}${taking.length === 1 ? "s" : ""} it: ${formatNames(taking)}`;
    return { ...best, notes: [said, ...best.notes] };
  }
  // What one daemon alone would open again is enough to open it.
  const dormant = opinions.find(({ opinion }) => dormantBy(opinion) !== null) ?? first;
  const rest = [first, ...others].filter((one) => one !== dormant);
  const notes = rest.flatMap(({ name, opinion }) =>
    opinion.refusals.slice(0, 1).map(({ reason }) => `${name}: ${reason}`),
  );
  return { ...dormant.opinion, notes: [...dormant.opinion.notes, ...notes] };
}

/** Whoever tries may choose the daemon: the one that binds least counts, and what any of them gives. */
function widest(taking: readonly DaemonOpinion[]): Opinion | null {
  const best = taking.find(({ opinion }) => opinion.onlyFrom.length === 0) ?? taking[0];
  if (!best) return null;
  const { opinion } = best;
  const wheres = taking.map(({ name, opinion: { onlyFrom } }) => ({ name, where: onlyFrom.join(" and ") }));
  const isBoundAlike = wheres.every(({ where }) => where === opinion.onlyFrom.join(" and "));
  const isBound = opinion.onlyFrom.length > 0 && !isBoundAlike;
  const more = taking.flatMap(({ name, opinion: { gives } }) => {
    const gifts = gives.filter((gift) => !opinion.gives.includes(gift));
    return gifts.length > 0 ? [{ gifts, note: `${name} gives ${gifts.join(" and ")}, too` }] : [];
  });
  return {
    ...opinion,
    onlyFrom: isBound
      ? [wheres.map(({ name, where }) => `${where} by ${name}`).join(", or ")]
      : opinion.onlyFrom,
    gives: [...opinion.gives, ...more.flatMap(({ gifts }) => gifts)],
    notes: [...more.map(({ note }) => note), ...opinion.notes],
  };
}

const formatNames = (opinions: readonly DaemonOpinion[]): string =>
  opinions.map(({ name }) => name).join("; ");
