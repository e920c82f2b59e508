/** An account as far as paths are made of it. */
export type TokenAccount = { name: string; uid: number; home: string };

/** A path from sshd_config with the tokens %%, %h, %u and %U in place for the account, and single slashes. */
export const expandTokens = (pattern: string, { name, uid, home }: TokenAccount): string => {
  const expanded = pattern.replace(/%[%huU]/g, (token) => {
    if (token === "%h") return home;
    if (token === "%u") return name;
    return token === "%U" ? String(uid) : "%";
  });
  return tidy(expanded);
};

/** The same as a path of its own: what does not begin at the root lies in the home. */
export function expandPath(pattern: string, account: TokenAccount): string {
  const expanded = expandTokens(pattern, account);
  return expanded.startsWith("/") ? expanded : tidy(`${account.home}/${expanded}`);
}

export const tidy = (path: string): string => path.replace(/\/{2,}/g, "/");
