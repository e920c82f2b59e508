/** The version of this program; the one in package.json is the same. */
export const VERSION = "0.1.0";
