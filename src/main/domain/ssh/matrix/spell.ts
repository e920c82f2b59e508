/** Public keys by the names that rows use, as they stand in a line: a type, a blank, base64. */
export type Keys = Readonly<Record<string, string>>;

/**
 * Puts keys, the account and times in place of their names: `<key>`, `<user>`, `<now+2h>` (UTC, to the second), and of
 * a key `<key.type>`, `<key.blob>`, its two halves `<key.head>` and `<key.tail>`, and `<key.cut>`, which lacks its end.
 */
export function spell(text: string, keys: Keys, { user = "", now = new Date(0) } = {}): string {
  return text.replace(/<([a-z0-9]+)(?:\.([a-z]+)|([+-]\d+)h)?>/g, (whole, name, part, hours) => {
    if (name === "user") return user;
    if (name === "now") return formatTime(new Date(now.getTime() + Number(hours ?? 0) * 3_600_000));
    const key = keys[name];
    if (key === undefined) throw new Error(`no key is called ${whole}`);
    const [type = "", blob = ""] = key.split(" ");
    switch (part) {
      case undefined:
        return key;
      case "type":
        return type;
      case "blob":
        return blob;
      case "head":
        return blob.slice(0, 40);
      case "tail":
        return blob.slice(40);
      case "cut":
        return blob.slice(0, -6);
      default:
        throw new Error(`${whole} is no part of a key`);
    }
  });
}

/** YYYYMMDDHHMMSS in UTC. */
const formatTime = (date: Date): string => date.toISOString().replace(/\D/g, "").slice(0, 14);
