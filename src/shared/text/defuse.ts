/** A spreadsheet runs what begins so (OWASP ASVS 1.2.10); a quote before it makes it text. */
const FORMULA = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/;

export const defuse = (field: string): string => (FORMULA.test(field) ? `'${field}` : field);
