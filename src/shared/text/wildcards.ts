/** A pattern as its parts: some stand for any run of characters, each of the others for one. */
type Parts = {
  count: number;
  isAnyRun: (part: number) => boolean;
  /** Whether a part matches the character at this position of the text. */
  takes: (part: number, at: number) => boolean;
};

/**
 * Whether the parts match a whole text of so many characters; the time is at most proportional to the product of the
 * two.
 */
export function fits(length: number, { count, isAnyRun, takes }: Parts): boolean {
  let [at, part, run, resume] = [0, 0, -1, 0];
  while (at < length) {
    if (part < count && isAnyRun(part)) {
      run = part++;
      resume = at;
    } else if (part < count && takes(part, at)) {
      part++;
      at++;
    } else if (run >= 0) {
      part = run + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (part < count && isAnyRun(part)) part++;
  return part === count;
}
