/** Strict, for a user name may become an argument of a program: no leading dash, nothing a shell knows. */
export const isUserName = (user: string): boolean => /^[\w.][\w.@+\\-]{0,254}\$?$/.test(user);
