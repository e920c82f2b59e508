/** Tells whether a path is one of these, or below one of them: by the folders above it, however many these are. */
export function createPathsBelow(paths: readonly string[]): (path: string) => boolean {
  const named = new Set(paths.map((path) => path.replace(/(?<=.)\/$/, "")));
  return (path) => {
    if (named.size === 0) return false;
    for (let at = path; ; at = at.slice(0, at.lastIndexOf("/")) || "/") {
      if (named.has(at)) return true;
      if (at === "/" || !at.includes("/")) return false;
    }
  };
}
