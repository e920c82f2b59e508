/**
 * Values of a run that are stored as JSON.
 *
 * A value is parsed before it is written, by the very schema that reads it: one that could not be read again is a bug
 * of the code that made it, and fails there. A value that was stored all the same, by an older program or by somebody
 * else, loses its own text and nothing more: the list of runs, a run and its roll-back stay usable.
 */
import { AccessCheck } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";

/** A schema of `shared/model`. */
type Schema<Value> = {
  parse(value: unknown): Value;
  safeParse(value: unknown): { success: true; data: Value } | { success: false };
};

/** A list of sentences, or of lines. */
export const Texts = AccessCheck.shape.why;

/** Throws where the value could not be read again. */
export const toStored = <Value>(schema: Schema<Value>, value: Value): string =>
  JSON.stringify(schema.parse(value));

/** Null is stored as null. */
export const toStoredOrNull = <Value>(schema: Schema<Value>, value: Value | null): string | null =>
  value === null ? null : toStored(schema, value);

/** Null where the text is not what this program writes there. */
export function fromStored<Value>(schema: Schema<Value>, text: string): Value | null {
  const read = schema.safeParse(parseJson(text));
  return read.success ? read.data : null;
}

/** A constraint of the column demands JSON; whoever edits the database can remove the constraint. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces a text that cannot be read. */
export const UNREADABLE = "this was not stored by this version of Latchkey, and cannot be read";

export const UNREADABLE_CAUSE = described(UNREADABLE);
