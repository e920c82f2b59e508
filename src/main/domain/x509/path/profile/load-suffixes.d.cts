declare function loadSuffixes(): typeof import("tldts");
export = loadSuffixes;
