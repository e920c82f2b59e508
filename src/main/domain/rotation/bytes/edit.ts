/** A splice as bytes: from byte `at` on, `removed` goes and `inserted` comes. */
export type Edit = { at: number; removed: Uint8Array; inserted: Uint8Array };

/** Null where other bytes than `removed` stand there. Edits are in ascending order and apart from each other. */
export function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array | null {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { at, removed, inserted } of edits) {
    const until = at + removed.length;
    if (at < from || until > bytes.length || !isSame(bytes.subarray(at, until), removed)) return null;
    pieces.push(bytes.subarray(from, at), inserted);
    from = until;
  }
  return join([...pieces, bytes.subarray(from)]);
}

/** What takes the edits back, counted in the bytes that they have made. */
export function invertEdits(edits: readonly Edit[]): Edit[] {
  let shift = 0;
  return edits.map(({ at, removed, inserted }) => {
    const inverted = { at: at + shift, removed: inserted, inserted: removed };
    shift += inserted.length - removed.length;
    return inverted;
  });
}

/**
 * What leads from one stage to another, both made of the same bytes, counted in the bytes of the first. Only what differs
 * is cut: all other bytes are passed over.
 */
export function editsBetween(base: Uint8Array, from: readonly Edit[], to: readonly Edit[]): Edit[] {
  let shift = 0;
  return clustersOf([...from, ...to]).flatMap(({ lo, hi }) => {
    const removed = applyWithin(base, from, lo, hi);
    const inserted = applyWithin(base, to, lo, hi);
    const at = lo + shift;
    shift += removed.length - (hi - lo);
    return isSame(removed, inserted) ? [] : [trim({ at, removed, inserted })];
  });
}

/** What begins and ends alike is not cut. */
export function trim({ at, removed, inserted }: Edit): Edit {
  const most = Math.min(removed.length, inserted.length);
  let head = 0;
  while (head < most && removed[head] === inserted[head]) head++;
  let tail = 0;
  while (tail < most - head && removed.at(-1 - tail) === inserted.at(-1 - tail)) tail++;
  return {
    at: at + head,
    removed: removed.subarray(head, removed.length - tail),
    inserted: inserted.subarray(head, inserted.length - tail),
  };
}

/** The ranges of the base that the edits touch; ranges that touch each other are one. */
function clustersOf(edits: readonly Edit[]): { lo: number; hi: number }[] {
  const clusters: { lo: number; hi: number }[] = [];
  const ranges = edits.map(({ at, removed }) => ({ lo: at, hi: at + removed.length }));
  for (const range of ranges.sort((one, other) => one.lo - other.lo || one.hi - other.hi)) {
    const last = clusters.at(-1);
    if (last && range.lo <= last.hi) last.hi = Math.max(last.hi, range.hi);
    else clusters.push({ ...range });
  }
  return clusters;
}

function applyWithin(base: Uint8Array, edits: readonly Edit[], lo: number, hi: number): Uint8Array {
  const within = edits.filter(({ at, removed }) => at >= lo && at + removed.length <= hi);
  const moved = within.map((edit) => ({ ...edit, at: edit.at - lo }));
  const bytes = applyEdits(base.subarray(lo, hi), moved);
  if (!bytes) throw new Error("an edit does not fit the bytes that it was made for");
  return bytes;
}

export const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

export const join = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));
