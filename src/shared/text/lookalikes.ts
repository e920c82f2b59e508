/** Scripts whose letters are taken for one another's. A word is written in one of them. */
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
];

/** Letters of no script that are drawn as those of Latin: for formulas, and for nothing that is named here. */
const DRAWN_AS_LATIN = /[\u{1d400}-\u{1d7ff}]/u;

/** A word of these alone looks like a Latin one: аррӏе, ορ. */
const ALL_ALIKE = /^[асԁеһіјӏорԛѕԝхуАВЕНІЈКМОРСТХУЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχ]+$/u;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const NAME = /[\p{L}\p{M}\p{N}._-]+/gu;
const ASCII = /^\p{ASCII}*$/u;

/**
 * Where in a text a letter stands that is taken for another one's: by position, as UTF-16 counts. `pаypal` with a
 * Cyrillic а; `аррӏе.com`, which is Cyrillic up to its dot. Words of one script are left alone, and so is Latin among
 * Chinese, Japanese and Korean. DNS itself has such names as `xn--...`, and they are shown so.
 */
export function findLookalikes(text: string): ReadonlySet<number> {
  const found = new Set<number>();
  if (ASCII.test(text)) return found;
  for (const { 0: name, index: start } of text.matchAll(NAME)) {
    if (ASCII.test(name)) continue;
    const isLatinElsewhere = /[a-z]/i.test(name);
    for (const { 0: word, index } of name.matchAll(WORD)) {
      const isStrange = strangerIn(word, isLatinElsewhere);
      let position = start + index;
      for (const letter of word) {
        if (isStrange(letter)) found.add(position);
        position += letter.length;
      }
    }
  }
  return found;
}

/** Whether a letter of a word is of another script than the word. A word with any Latin in it is Latin. */
function strangerIn(word: string, isLatinElsewhere: boolean): (letter: string) => boolean {
  if (isLatinElsewhere && ALL_ALIKE.test(word)) return () => true;
  const [own, ...others] = SCRIPTS.filter((script) => script.test(word));
  if (own === undefined || others.length === 0) return (letter) => DRAWN_AS_LATIN.test(letter);
  return (letter) => DRAWN_AS_LATIN.test(letter) || others.some((script) => script.test(letter));
}
