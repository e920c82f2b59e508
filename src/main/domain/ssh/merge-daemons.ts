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
  const [best] = taking;
  if (best && taking.length === opinions.length) return best.opinion;
  if (best) {
    const said = `of ${opinions.length} sshd, ${taking.length === 1 ? "only one" : taking.length} ${yes.length > 0 ? "take" : "may take"}${taking.length === 1 ? "s" : ""} it: ${sayNames(taking)}`;
    return { ...best.opinion, notes: [said, ...best.opinion.notes] };
  }
  // What one daemon alone would open again is enough to open it.
  const dormant = opinions.find(({ opinion }) => dormantBy(opinion) !== null) ?? first;
  const rest = [first, ...others].filter((one) => one !== dormant);
  const notes = rest.flatMap(({ name, opinion }) =>
    opinion.refusals.slice(0, 1).map(({ reason }) => `${name}: ${reason}`),
  );
  return { ...dormant.opinion, notes: [...dormant.opinion.notes, ...notes] };
}

const sayNames = (opinions: readonly DaemonOpinion[]): string => opinions.map(({ name }) => name).join("; ");
