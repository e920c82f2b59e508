/** Of one thing so many grants are read; a key in more accounts than that is cut, and the walk with it. */
export const MOST_AT_ONCE = 100_000;
