import { linesOf } from "./lines.ts";

/** Lines of a run in a file, as Latin-1 without their ends: those that it has put there, and those that it has taken. */
export type OwnLines = { put: readonly string[]; took: readonly string[] };

/** `out` and `back`: what of them goes and comes; both empty where nothing of the run is left in the file. */
export type Repair = { bytes: Uint8Array; out: string[]; back: string[] };

/**
 * What a person may approve where nobody can tell what was meant: lines that are the run's own to the byte go, as often as it
 * has put them there and the last first; those that it took come back at the end, where they are not there; all else stays.
 */
export function repairLines(there: Uint8Array, { put, took }: OwnLines): Repair {
  const text = Buffer.from(there).toString("latin1");
  const lines = linesOf(there).map(({ at, end, next }) => ({
    own: text.slice(at, end),
    all: text.slice(at, next),
  }));
  const surplus = [...put];
  const out: string[] = [];
  const kept = lines.toReversed().filter(({ own }) => {
    const at = surplus.indexOf(own);
    if (at < 0) return true;
    surplus.splice(at, 1);
    out.unshift(own);
    return false;
  });
  const left = kept.reverse();
  const present = left.map(({ own }) => own);
  const back = took.filter((line) => {
    const at = present.indexOf(line);
    if (at >= 0) present.splice(at, 1);
    return at < 0;
  });
  const body = left.map(({ all }) => all).join("");
  const open = body !== "" && !body.endsWith("\n") && back.length > 0 ? "\n" : "";
  const written = `${body}${open}${back.map((line) => `${line}\n`).join("")}`;
  return { bytes: new Uint8Array(Buffer.from(written, "latin1")), out, back };
}
