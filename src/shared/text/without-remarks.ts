/** A script of ours without its comments and its indents. None of its texts goes on in a line that begins with either. */
export const withoutRemarks = (script: string): string => script.replaceAll(/^\t*(?:#.*\n)?/gm, "");
